import { expect } from 'chai'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

/** One slot, after tasks of a millisecond each; then 60 more tasks are leased. */
function aSurprisedWorker(): TestWorker {
  const worker = aWorker({ slots: 1 })
  worker.joined('m')
  worker.runsFast('m', 250)
  const refs = Array.from({ length: 60 }, (_, at) => ref(1_001 + at))
  worker.hearsLeases('m', refs, true)
  return worker
}

describe('worker: surplus', () => {
  it('goes back when tasks turn out to be long, the last come first', () => {
    const worker = aSurprisedWorker()
    const started = worker.takeStarts()
    expect(started[0]).to.equal(1_001)
    expect(worker.takeReturned()).to.deep.equal([])
    worker.passes(300)
    const returned = worker.takeReturned()
    expect(returned).to.have.lengthOf(60 - started.length)
    expect(returned[0]).to.equal(1_060)
    expect(worker.machine.state.queued).to.equal(0)
  })

  it('does not come again: the credit is taken back before the master hears of it', () => {
    const worker = aSurprisedWorker()
    worker.forget()
    worker.passes(300)
    const messages = worker.takeMessages('m')
    const report = messages.findIndex(({ type }) => type === 'report')
    const offers = messages.slice(0, report).filter((message) => message.type === 'offer')
    const last = offers.at(-1)
    expect(last && last.credit - last.withdrawn).to.equal(310)
    expect(worker.openCredit('m')).to.equal(0)
  })

  it('is asked back from the executor, too, the last come first', () => {
    const worker = aSurprisedWorker()
    const runs = worker.take('start').map(({ run }) => run)
    worker.passes(300)
    const recalled = worker.take('recall').map(({ run }) => run)
    expect(recalled).to.deep.equal(runs.slice(1).reverse())
    worker.forget()
    for (const run of recalled) worker.ends(run, aResult('returned'))
    expect(worker.takeReturned()).to.have.lengthOf(recalled.length)
    worker.passes(300)
    expect(worker.take('recall')).to.deep.equal([])
  })

  it('goes back at once when tasks are known to be long', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(worker.takeReturned()).to.deep.equal([2])
  })

  it('is reported until that is accepted', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(worker.takeReturned()).to.deep.equal([2])
    worker.disconnects('m')
    worker.connects('m', 2)
    expect(worker.takeMessages()[0])
      .to.have.nested.property('attempts[1]')
      .deep.equal({ ...ref(2), state: 'queued' })
    worker.hearsKept('m', [], 2)
    expect(worker.takeReturned()).to.deep.equal([2])
    worker.hears('m', { type: 'accepted', attempts: [ref(2)] }, 2)
    expect(worker.take('release'), 'there is nothing on disk').to.deep.equal([])
  })

  it('comes from the master that has most in hand', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('few')
    worker.joined('many')
    worker.runsFast('many', 250)
    worker.hearsLeases('few', [ref(1)])
    const refs = Array.from({ length: 300 }, (_, at) => ref(1_001 + at))
    worker.hearsLeases('many', refs, true)
    const returned = worker.takeReturned()
    expect(returned.length).to.be.greaterThan(0)
    expect(Math.min(...returned)).to.be.greaterThan(1_000)
  })

  it('is everything that waits, once the worker drains', () => {
    const worker = aSurprisedWorker()
    const started = worker.takeStarts().length
    worker.forget()
    worker.does({ type: 'drain', now: false })
    expect(worker.takeReturned()).to.have.lengthOf(60 - started)
  })
})
