import { expect } from 'chai'
import { HELD_TASKS_MAX, KEEP_DURABLE_MS, MASTERS_MAX } from '../../../../src/core/limits.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { aHold, aMaster, aResult, aWorker, ref } from '../../../support/machines.ts'

describe('worker: restored results', () => {
  it('are listed as ended, and reported once the master has settled', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1), ref(2, 3)])
    worker.expectNothingElse()
    worker.connects('m')
    expect(worker.takeMessages()[0])
      .to.have.property('attempts')
      .deep.equal([
        { ...ref(1), state: 'ended' },
        { ...ref(2, 3), state: 'ended' }
      ])
    worker.hearsKept('m', [ref(1)])
    expect(worker.takeReleased()).to.deep.equal([1])
    const [report] = worker.takeMessages()
    expect(report)
      .to.have.property('reports')
      .deep.equal([{ ...ref(2, 3), result: aResult() }])
    worker.hears('m', { type: 'accepted', attempts: [ref(2, 3)] })
    expect(worker.takeReleased()).to.deep.equal([2])
    expect(worker.machine.state.masters.get('m' as NodeId)?.jobs.size).to.equal(0)
  })

  it('are not written again', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1)], 0, aResult('success', 10))
    worker.connects('m')
    worker.hearsKept('m', [], 1, KEEP_DURABLE_MS)
    worker.passes(1_000)
    worker.disconnects('m')
    worker.does({ type: 'drain', now: true })
    expect(worker.takeKept()).to.deep.equal([])
    expect(worker.take('drained')).to.have.lengthOf(1)
    expect(worker.takeReleased()).to.deep.equal([])
  })

  it('are dropped when they are as old as they may become', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1), ref(2)], KEEP_DURABLE_MS)
    expect(worker.takeReleased()).to.deep.equal([1, 2])
    expect(worker.machine.state.masters.size).to.equal(0)
  })

  it('go on ageing while their master stays away', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1)], KEEP_DURABLE_MS - 5_000)
    worker.passes(4_999)
    worker.expectNothingElse()
    worker.passes(1)
    expect(worker.takeReleased()).to.deep.equal([1])
  })

  it('are dropped at once when the master has another record', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1)])
    worker.connects('m', 1, 'epoch-2')
    expect(worker.takeReleased()).to.deep.equal([1])
    expect(worker.takeMessages()[0]).to.have.property('attempts').deep.equal([])
  })

  it('give way to the later attempt of their task', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1, 2), ref(1, 1), ref(1, 3)])
    expect(worker.take('release').map(({ attempt }) => attempt)).to.have.members([1, 2])
  })

  it('are dropped beyond what a worker holds', () => {
    const worker = aWorker()
    const refs = Array.from({ length: 2 * HELD_TASKS_MAX + 1 }, (_, at) => ref(at + 1))
    worker.restores('m', refs)
    expect(worker.takeReleased()).to.deep.equal([2 * HELD_TASKS_MAX + 1])
  })

  it('are dropped of masters beyond those it serves', () => {
    const worker = aWorker()
    for (let master = 0; master < MASTERS_MAX; master++) worker.restores(`m${master}`, [ref(1)])
    expect(worker.takeReleased()).to.deep.equal([])
    worker.restores('one too many', [ref(7)])
    expect(worker.takeReleased()).to.deep.equal([7])
  })

  it('do not let anything be leased before its spec has come', () => {
    const worker = aWorker()
    worker.restores('m', [ref(1)])
    worker.connects('m')
    worker.hearsKept('m')
    worker.forget()
    worker.hearsLeases('m', [ref(2)])
    expect(worker.take('disconnect')).to.have.lengthOf(1)
    worker.connects('m', 2)
    worker.hearsKept('m', [], 2)
    worker.hearsSpec('m', {}, 1, 2)
    worker.hearsLeases('m', [ref(2)], false, 2)
    expect(worker.takeStarts()).to.deep.equal([2])
  })

  it('keep nobody from tasks: a slot is free, and other masters are served', () => {
    const worker = aWorker({ slots: 1 })
    worker.restores('lost', [ref(1)])
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    expect(worker.takeStarts()).to.deep.equal([1])
  })
})

describe('master: a restarted worker that has kept results', () => {
  const ended = (task: number) => ({ ...ref(task), state: 'ended' as const })

  it('is not charged with what it has the results of', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(2)
    master.hears('w', { type: 'started', attempts: [ref(1), ref(2)] })
    master.forget()
    master.hears('w', aHold({ boot: 'boot-2', credit: 0, attempts: [ended(1)] }), 2)
    const setbacks = master.takeNotices('setback')
    expect(setbacks.map(({ task }) => task)).to.deep.equal([2])
    master.hearsReport('w', [ref(1)], aResult(), 2)
    expect(master.takeNotices('settled')).to.have.lengthOf(1)
  })

  it('hands over its results also when four workers were lost with the task before', () => {
    const master = aMaster()
    master.submit(1)
    for (let loss = 1; loss <= 4; loss++) {
      master.joined(`w${loss}`, { slots: 1, credit: 1 })
      master.hears(`w${loss}`, { type: 'started', attempts: [ref(1, loss)] })
      master.passes(6_000)
    }
    master.joined('w5', { slots: 1, credit: 1 })
    master.hears('w5', { type: 'started', attempts: [ref(1, 5)] })
    master.forget()
    const attempts = [{ ...ref(1, 5), state: 'ended' as const }]
    master.hears('w5', aHold({ boot: 'boot-2', attempts }), 2)
    master.hearsReport('w5', [ref(1, 5)], aResult(), 2)
    expect(master.takeNotices('settled')).to.have.nested.property('[0].state', 'finished')
  })

  it('hands over what waits again, for nobody else has it', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(1)
    master.hears('w', { type: 'started', attempts: [ref(1)] })
    master.passes(6_000)
    expect(master.machine.state.waitingTasks).to.equal(1)
    master.forget()
    master.hears('w', aHold({ boot: 'boot-2', attempts: [ended(1)] }), 2)
    expect(master.takeLeases()).to.deep.equal({})
    master.hearsReport('w', [ref(1)], aResult(), 2)
    expect(master.takeNotices('settled')).to.have.lengthOf(1)
  })

  it('is told to drop what somebody else has by now', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(1)
    master.hears('w', { type: 'started', attempts: [ref(1)] })
    master.joined('other')
    master.hearsRenewal('other', 2)
    master.now = 5_000
    master.hearsRenewal('other', 2)
    master.passes(2_000)
    expect(master.takeLeases()).to.deep.equal({ other: [1] })
    master.hears('w', aHold({ boot: 'boot-2', attempts: [ended(1)] }), 2)
    expect(master.takeMessages('kept'))
      .to.have.nested.property('[0].canceled')
      .deep.equal([ref(1)])
    master.hearsReport('w', [ref(1)], aResult(), 2)
    expect(master.takeNotices('settled')).to.deep.equal([])
    master.hearsReport('other', [ref(1, 2)])
    expect(master.takeNotices('settled')).to.have.lengthOf(1)
  })

  it('is sent the spec again before a lease of the same job', () => {
    const master = aMaster()
    master.joined('w', { credit: 1 })
    master.submit(2)
    master.forget()
    master.hears('w', aHold({ boot: 'boot-2', credit: 1, attempts: [ended(1)] }), 2)
    const types = master.take('send').map(({ message }) => message.type)
    expect(types).to.deep.equal(['kept', 'spec', 'leases'])
  })
})
