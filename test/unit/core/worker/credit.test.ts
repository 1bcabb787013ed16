import { expect } from 'chai'
import type { WorkerMessage } from '../../../../src/core/messages.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

/** The credit offered last, beyond the leases received so far. */
function offered(worker: TestWorker, master: string): number | undefined {
  const isOffer = (message: WorkerMessage): message is WorkerMessage & { type: 'offer' } =>
    message.type === 'offer'
  const credit = worker.takeMessages(master).filter(isOffer).at(-1)?.credit
  const view = [...worker.machine.state.masters.values()].find(({ id }) => id === master)
  return credit === undefined ? undefined : credit - (view?.received ?? 0)
}

function returnedBy(worker: TestWorker): number[] {
  return worker
    .takeMessages()
    .flatMap((message) => (message.type === 'report' ? message.reports : []))
    .filter(({ result }) => result.outcome === 'returned')
    .map(({ task }) => task)
}

/** Has run tasks of a millisecond each, one after the other, for longer than it looks back. */
function aFastWorker(): TestWorker {
  const worker = aWorker({ slots: 1 })
  worker.joined('m')
  for (let task = 1; task <= 250; task++) {
    worker.hearsLeases('m', [ref(task)], true)
    worker.now++
    worker.ends(task)
    worker.hears('m', { type: 'accepted', attempts: [ref(task)] })
  }
  return worker
}

describe('worker: credit', () => {
  it('offers one task for each free slot', () => {
    const worker = aWorker({ slots: 3 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2), ref(3)], true)
    expect(offered(worker, 'm')).to.equal(undefined)
    worker.ends(1)
    expect(offered(worker, 'm')).to.equal(1)
  })

  it('asks for no more than its slots while tasks are long', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)], true)
    worker.passes(1_000)
    expect(offered(worker, 'm')).to.equal(undefined)
  })

  it('asks for about 100 ms of work while tasks are short', () => {
    const worker = aFastWorker()
    const [view] = worker.machine.state.masters.values()
    expect(view!.credit - view!.received).to.be.within(50, 110)
  })

  it('gives back what is queued when tasks turn out to be long, the last come first', () => {
    const worker = aFastWorker()
    const refs = Array.from({ length: 60 }, (_, at) => ref(1_001 + at))
    worker.forget()
    worker.hearsLeases('m', refs, true)
    const started = worker.takeStarts()
    expect(started[0]).to.equal(1_001)
    expect(returnedBy(worker)).to.deep.equal([])
    worker.passes(300)
    const returned = returnedBy(worker)
    expect(returned).to.have.lengthOf(60 - started.length)
    expect(returned[0]).to.equal(1_060)
    expect(worker.machine.state.queued).to.equal(0)
  })

  it('asks the executor back for what it was given ahead, the last come first', () => {
    const worker = aFastWorker()
    worker.forget()
    worker.hearsLeases(
      'm',
      Array.from({ length: 60 }, (_, at) => ref(1_001 + at)),
      true
    )
    const runs = worker.take('start').map(({ run }) => run)
    worker.passes(300)
    const recalled = worker.take('recall').map(({ run }) => run)
    expect(recalled).to.deep.equal(runs.slice(1).reverse())
    worker.forget()
    for (const run of recalled) worker.ends(run, aResult('returned'))
    expect(returnedBy(worker)).to.have.lengthOf(recalled.length)
    worker.passes(300)
    expect(worker.take('recall')).to.deep.equal([])
  })

  it('reports what it gave back until that is accepted', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(returnedBy(worker)).to.deep.equal([2])
    worker.disconnects('m')
    worker.connects('m', 2)
    expect(worker.takeMessages()[0])
      .to.have.nested.property('attempts[1]')
      .deep.equal({ ...ref(2), state: 'queued' })
    worker.hearsKept('m', [], 2)
    expect(returnedBy(worker)).to.deep.equal([2])
    worker.hears('m', { type: 'accepted', attempts: [ref(2)] }, 2)
    expect(worker.take('release'), 'there is nothing on disk').to.deep.equal([])
  })

  it('keeps a little credit with a master that has nothing, so that new work comes at once', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    expect(offered(worker, 'm')).to.equal(1)
  })

  it('offers nothing without slots', () => {
    const worker = aWorker({ slots: 0 })
    worker.joined('m')
    worker.passes(1_000)
    expect(offered(worker, 'm')).to.equal(undefined)
  })

  it('shares its slots between masters that have more work', () => {
    const worker = aWorker({ slots: 2 })
    for (const master of ['a', 'b']) worker.joined(master)
    worker.hearsLeases('a', [ref(1), ref(2)], true)
    worker.hearsLeases('b', [ref(1)], true)
    worker.forget()
    worker.ends(1)
    const [a, b] = [...worker.machine.state.masters.values()].map(
      (view) => view.credit - view.received
    )
    expect(b, 'b has nothing running').to.equal(1)
    expect(a).to.equal(0)
  })

  it('gives a slot to others when a master does not use what it was offered', () => {
    const worker = aWorker({ slots: 1 })
    for (const master of ['silent', 'busy']) worker.joined(master)
    worker.hears('silent', { type: 'leases', batch: 0, more: true, leases: [] })
    worker.hearsLeases('busy', [ref(1)], true)
    worker.ends(1)
    worker.hears('busy', { type: 'accepted', attempts: [ref(1)] })
    worker.forget()
    expect(offered(worker, 'busy')).to.equal(undefined)
    for (let time = 0; time < 3; time++) {
      worker.passes(2_000)
      worker.hears('busy', { type: 'renewed' })
      worker.hears('silent', { type: 'renewed' })
    }
    expect(offered(worker, 'busy')).to.equal(1)
  })

  it('is not deceived by a late message about more work', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)], true)
    worker.hearsLeases('m', [ref(2)], false)
    worker.hears('m', { type: 'accepted', attempts: [ref(2)] })
    worker.hearsLeases('m', [ref(3)], false)
    const [view] = worker.machine.state.masters.values()
    view!.isHungry = false
    worker.hears('m', { type: 'leases', batch: 1, more: true, leases: [] })
    expect(view?.isHungry).to.equal(false)
  })

  it('takes it that a master whose work it gave back has more, until that says otherwise', () => {
    const worker = aWorker({ slots: 1 })
    for (const master of ['a', 'b']) worker.joined(master)
    worker.hearsLeases('a', [ref(1)], true)
    worker.hearsLeases('b', [ref(2)], false)
    expect(returnedBy(worker)).to.deep.equal([2])
    expect(offered(worker, 'b'), 'there is no free slot').to.equal(undefined)
    worker.ends(1)
    expect(offered(worker, 'b'), 'it has had less').to.equal(1)
  })
})
