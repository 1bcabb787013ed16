import { expect } from 'chai'
import { aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

const LIMITED = 1
const FREE = 2

/** Four slots, two jobs: one may run a single task here, the other as many as there are slots. */
function aWorkerWithTwoJobs(): TestWorker {
  const worker = aWorker({ slots: 4 })
  worker.joined('m', { slotsMax: 1 })
  worker.hearsSpec('m', {}, FREE)
  return worker
}

/** The same, after limited tasks of a millisecond each. */
function aFastWorker(): TestWorker {
  const worker = aWorkerWithTwoJobs()
  worker.runsFast('m', 250)
  return worker
}

const limited = (task: number): ReturnType<typeof ref> => ref(task, 1, LIMITED)
const free = (task: number): ReturnType<typeof ref> => ref(task, 1, FREE)
const runOf = (worker: TestWorker, task: number): number =>
  [...worker.machine.state.runs.values()].find((held) => held.ref.task === task)!.run

describe('worker: queues', () => {
  it('start in the order in which tasks came', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.runsFast('m', 250)
    worker.hearsLeases('m', [ref(1_003), ref(1_001), ref(1_002)])
    expect(worker.takeStarts()).to.deep.equal([1_003, 1_001, 1_002])
  })

  it('hold nobody up: a task beyond the limit of its job lets others pass', () => {
    const worker = aFastWorker()
    worker.hearsLeases('m', [limited(1_001), limited(1_002), free(1), free(2)], true)
    expect(worker.takeStarts()).to.deep.equal([1_001, 1, 2])
    expect(worker.machine.state.parked).to.equal(1)
  })

  it('keep short tasks of a limited job in hand, and never run more than it may', () => {
    const worker = aFastWorker()
    const tasks = Array.from({ length: 30 }, (_, at) => 1_001 + at)
    worker.hearsLeases('m', tasks.map(limited), true)
    expect(worker.takeReturned()).to.deep.equal([])
    for (const task of tasks) {
      expect(worker.takeStarts()).to.deep.equal([task])
      worker.ends(runOf(worker, task))
    }
    expect(worker.machine.state.parked).to.equal(0)
  })

  it('start what came first when a slot gets free, parked or not', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m', { slotsMax: 1 })
    worker.hearsSpec('m', {}, FREE)
    worker.runsFast('m', 2)
    worker.hearsLeases('m', [limited(1_001), free(1), limited(1_002), free(2)], true)
    expect(worker.takeStarts()).to.deep.equal([1_001, 1])
    worker.ends(runOf(worker, 1_001))
    expect(worker.takeStarts()).to.deep.equal([1_002])
  })

  it('take no slot from others by what is parked', () => {
    const worker = aFastWorker()
    worker.joined('other')
    const tasks = Array.from({ length: 30 }, (_, at) => 1_001 + at)
    worker.hearsLeases('m', tasks.map(limited), true)
    expect(worker.machine.state.freeSlots).to.equal(3)
    worker.hearsMore('other', true)
    expect(worker.openCredit('other')).to.be.greaterThan(0)
  })

  it('give back at once what is parked while tasks of the job are long', () => {
    const worker = aWorkerWithTwoJobs()
    worker.hearsLeases('m', [limited(1), limited(2), free(1)])
    expect(worker.takeStarts()).to.deep.equal([1, 1])
    expect(worker.takeReturned()).to.deep.equal([2])
  })

  it('give back what is parked when tasks of the job turn out to be long', () => {
    const worker = aFastWorker()
    const tasks = Array.from({ length: 30 }, (_, at) => 1_001 + at)
    worker.hearsLeases('m', tasks.map(limited), true)
    worker.forget()
    worker.passes(300)
    const returned = worker.takeReturned()
    expect(returned).to.deep.equal(tasks.slice(1).reverse())
    expect(worker.machine.state.parked).to.equal(0)
  })

  it('forget a parked task that is canceled, and start the next when its turn comes', () => {
    const worker = aFastWorker()
    worker.hearsLeases('m', [limited(1_001), limited(1_002), limited(1_003)], true)
    worker.hears('m', { type: 'cancel', attempts: [limited(1_002)] })
    worker.takeStarts()
    worker.ends(runOf(worker, 1_001))
    expect(worker.takeStarts()).to.deep.equal([1_003])
  })

  it('start a parked task when the one before it is canceled', () => {
    const worker = aFastWorker()
    worker.hearsLeases('m', [limited(1_001), limited(1_002)], true)
    worker.takeStarts()
    worker.hears('m', { type: 'cancel', attempts: [limited(1_001)] })
    expect(worker.takeStarts()).to.deep.equal([1_002])
  })

  it('list a parked task as queued in a new session', () => {
    const worker = aFastWorker()
    worker.hearsLeases('m', [limited(1_001), limited(1_002)], true)
    worker.disconnects('m')
    worker.forget()
    worker.connects('m', 2)
    const [hold] = worker.takeMessages()
    expect(hold?.type === 'hold' && hold.attempts.map(({ state }) => state)).to.deep.equal([
      'running',
      'queued'
    ])
  })
})
