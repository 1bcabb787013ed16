import { expect } from 'chai'
import { aWorker, ref } from '../../../support/machines.ts'

describe('WorkerState', () => {
  it('has room for what its slots take while tasks are long', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    const { state } = worker.machine
    expect(state.hasRoomFor('shell', false, worker.now)).to.equal(true)
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(state.hasRoomFor('shell', false, worker.now)).to.equal(false)
    expect(state.freeSlots).to.equal(0)
  })

  it('has room for some more short tasks, of one kind', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.runsFast('m', 250)
    worker.hearsLeases('m', [ref(1_001)])
    const { state } = worker.machine
    expect(state.hasRoomFor('shell', false, worker.now)).to.equal(true)
    expect(state.hasRoomFor('function', false, worker.now)).to.equal(false)
  })

  it('counts a queued task as one that is about to take a slot', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    worker.machine.state.queued = 1
    expect(worker.machine.state.freeSlots).to.equal(1)
  })
})
