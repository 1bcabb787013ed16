/** A worker that stays and takes nothing for a while. */
import { expect } from 'chai'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

const FULL = 'its disk is full'

function pauses(worker: TestWorker, reason: string | undefined): void {
  worker.does({ type: 'pause', reason })
}

function reasonsOf(worker: TestWorker): Record<number, string> {
  const reasons: Record<number, string> = {}
  for (const message of worker.takeMessages('m')) {
    if (message.type !== 'report') continue
    for (const { task, result } of message.reports) {
      if (result.outcome === 'returned') reasons[task] = result.reason
    }
  }
  return reasons
}

describe('worker: pause', () => {
  it('takes its credit back at once, and offers again when it is over', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    expect(worker.openCredit('m')).to.equal(2)
    pauses(worker, FULL)
    expect(worker.openCredit('m')).to.equal(0)
    worker.hearsMore('m', true)
    worker.passes(1_000)
    expect(worker.openCredit('m')).to.equal(0)
    pauses(worker, undefined)
    expect(worker.openCredit('m')).to.equal(2)
  })

  it('lets what runs end, and gives back what has not begun, with the reason', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.runsFast('m', 250)
    worker.hearsLeases(
      'm',
      Array.from({ length: 60 }, (_, at) => ref(1_001 + at))
    )
    const [first, ...ahead] = worker.take('start').map(({ run }) => run)
    worker.forget()
    pauses(worker, FULL)
    const returned = reasonsOf(worker)
    expect(Object.keys(returned)).to.have.lengthOf(60 - 1 - ahead.length)
    expect(new Set(Object.values(returned))).to.deep.equal(new Set([FULL]))
    const recalled = worker.take('recall').map(({ run }) => run)
    expect(recalled.reverse()).to.deep.equal(ahead)
    for (const run of recalled) worker.ends(run, aResult('returned'))
    worker.forget()
    worker.ends(first!, aResult())
    expect(worker.takeStarts()).to.deep.equal([])
    expect(worker.openCredit('m')).to.equal(0)
  })

  it('gives back what was on its way to it, and what waits for room', () => {
    const worker = aWorker({ slots: 2, amounts: {} })
    worker.joined('m', { amounts: { cpus: 2 } })
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(worker.takeStarts()).to.deep.equal([1])
    worker.forget()
    pauses(worker, FULL)
    worker.hearsLeases('m', [ref(3)])
    expect(reasonsOf(worker)).to.deep.equal({ 2: FULL, 3: FULL })
    expect(worker.takeStarts()).to.deep.equal([])
  })

  it('goes on with who comes meanwhile, once it is over', () => {
    const worker = aWorker({ slots: 2 })
    pauses(worker, FULL)
    worker.joined('m')
    expect(worker.openCredit('m')).to.equal(0)
    pauses(worker, undefined)
    worker.hearsLeases('m', [ref(1)])
    expect(worker.takeStarts()).to.deep.equal([1])
  })

  it('can leave', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    const [start] = worker.take('start')
    pauses(worker, FULL)
    worker.does({ type: 'drain', now: false })
    worker.ends(start!.run, aResult())
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    expect(worker.take('drained')).to.have.lengthOf(1)
  })
})
