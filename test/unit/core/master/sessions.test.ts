import { expect } from 'chai'
import { IDLE_RENEWAL_MS, LEASE_MS } from '../../../../src/core/limits.ts'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

/** A worker `w` runs task 1, and nobody else is there. */
function aMasterWithARunningTask(): TestMaster {
  const master = aMaster()
  master.joined('w', { credit: 1 })
  master.submit(1)
  master.hears('w', { type: 'started', attempts: [ref(1)] })
  master.forget()
  return master
}

describe('master: sessions', () => {
  it('answers a new session with what it may keep, and says who joined', () => {
    const master = aMaster()
    master.hears('w', aHold())
    expect(master.takeMessages('kept')).to.deep.equal([
      { type: 'kept', canceled: [], leaseMs: 6_000, keepMs: 60_000 }
    ])
    expect(master.takeNotices('joined')).to.deep.equal([
      { type: 'joined', worker: 'w', name: 'lab', slots: 2 }
    ])
    master.expectNothingElse()
  })

  it('ignores what comes on a session that is over, or was never opened', () => {
    const master = aMaster()
    master.hears('stranger', { type: 'offer', credit: 5, withdrawn: 0, more: false })
    master.joined('w', { credit: 0 }, 2)
    master.submit(1)
    master.hears('w', { type: 'offer', credit: 5, withdrawn: 0, more: false }, 1)
    expect(master.takeLeases()).to.deep.equal({})
  })

  it('ignores the second copy of a hold', () => {
    const master = aMaster()
    master.joined('w')
    master.hears('w', aHold())
    master.expectNothingElse()
  })

  it('ends an older session when a newer one is opened', () => {
    const master = aMaster()
    master.joined('w')
    master.hears('w', aHold(), 2)
    expect(master.take('disconnect')).to.have.nested.property('[0].session', 1)
  })

  it('answers a renewal, and lets the leases last on', () => {
    const master = aMasterWithARunningTask()
    for (let time = 0; time < 5; time++) {
      master.passes(2_000)
      master.hears('w', { type: 'renewal', seen: 1, credit: 1, withdrawn: 0 })
    }
    expect(master.takeMessages('renewed')).to.have.lengthOf(5)
    master.expectNothingElse()
  })

  it('gives the tasks of a silent worker to somebody else when its lease ends', () => {
    const master = aMasterWithARunningTask()
    master.passes(5_999)
    master.joined('v')
    expect(master.takeLeases()).to.deep.equal({})
    master.passes(1)
    expect(master.takeLeases()).to.deep.equal({ v: [1] })
    expect(master.takeNotices('parted')).to.have.nested.property('[0].worker', 'w')
    expect(master.machine.state.jobs.get(ref(1).job)?.tasks.get(1)).to.include({
      attempt: 2,
      losses: 1
    })
  })

  it('waits for the end of the lease when only the connection is lost', () => {
    const master = aMasterWithARunningTask()
    master.joined('v')
    master.does({ type: 'disconnected', worker: 'w' as never, session: 1 })
    expect(master.takeLeases()).to.deep.equal({})
    master.passes(6_000)
    expect(master.takeLeases()).to.deep.equal({ v: [1] })
  })

  it('does not wait when the worker says goodbye, and counts no loss', () => {
    const master = aMasterWithARunningTask()
    master.joined('v')
    master.hears('w', { type: 'bye' })
    expect(master.takeLeases()).to.deep.equal({ v: [1] })
    expect(master.machine.state.jobs.get(ref(1).job)?.tasks.get(1)?.losses).to.equal(0)
  })

  it('does not wait when the worker comes back with a new boot id', () => {
    const master = aMasterWithARunningTask()
    master.hears('w', aHold({ boot: 'boot-2', credit: 1 }), 2)
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
    const notices = master.take('emit').map(({ notice }) => notice.type)
    expect(notices).to.include.members(['parted', 'joined'])
  })

  it('keeps what a worker still has after a cut, and takes back what never reached it', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(2)
    master.forget()
    const attempts = [{ ...ref(1), state: 'running' as const }]
    master.hears('w', aHold({ attempts, credit: 0 }), 2)
    expect(master.takeMessages('kept')).to.have.nested.property('[0].canceled').deep.equal([])
    const tasks = master.machine.state.jobs.get(ref(1).job)?.tasks
    expect(tasks?.get(1)?.state).to.equal('running')
    expect(tasks?.get(2)?.state).to.equal('waiting')
    expect(tasks?.get(2)?.losses).to.equal(0)
  })

  it('lets a worker go on with an expired lease as long as nobody else has the task', () => {
    const master = aMasterWithARunningTask()
    master.passes(6_000)
    master.forget()
    const attempts = [{ ...ref(1), state: 'running' as const }]
    master.hears('w', aHold({ attempts, credit: 0 }), 2)
    expect(master.takeMessages('kept')).to.have.nested.property('[0].canceled').deep.equal([])
    const task = master.machine.state.jobs.get(ref(1).job)?.tasks.get(1)
    expect(task).to.include({ state: 'running', attempt: 1, losses: 0 })
  })

  it('waits long for a worker that holds nothing, and no longer than a lease from then on', () => {
    const master = aMaster()
    master.joined('w')
    master.passes(IDLE_RENEWAL_MS)
    expect(master.machine.state.workers.size).to.equal(1)
    master.submit(1)
    master.passes(LEASE_MS - 1)
    expect(master.machine.state.jobs.get(ref(1).job)?.tasks.get(1)?.state).to.equal('leased')
    master.passes(1)
    expect(master.machine.state.jobs.get(ref(1).job)?.tasks.get(1)?.state).to.equal('waiting')
    expect(master.machine.state.workers.size).to.equal(0)
  })

  it('forgets a worker that holds nothing and is silent', () => {
    const master = aMaster()
    master.joined('w')
    master.passes(IDLE_RENEWAL_MS + LEASE_MS - 1)
    expect(master.machine.state.workers.size).to.equal(1)
    master.passes(1)
    expect(master.machine.state.workers.size).to.equal(0)
  })

  it('has a worker drop an attempt whose task was leased anew', () => {
    const master = aMasterWithARunningTask()
    master.joined('v')
    master.passes(6_000)
    master.forget()
    const attempts = [{ ...ref(1), state: 'ended' as const }]
    master.hears('w', aHold({ attempts }), 2)
    expect(master.takeMessages('kept'))
      .to.have.nested.property('[0].canceled')
      .deep.equal([ref(1)])
  })

  it('refuses the result of a superseded attempt, and takes that of the current one', () => {
    const master = aMasterWithARunningTask()
    master.joined('v')
    master.passes(6_000)
    master.hears('w', aHold({ credit: 0 }), 2)
    master.forget()
    master.hearsReport('w', [ref(1)], aResult(), 2)
    expect(master.takeNotices('settled')).to.deep.equal([])
    master.forget()
    master.hears('v', { type: 'renewal', seen: 1, credit: 2, withdrawn: 0 })
    master.hearsReport('v', [ref(1, 2)])
    expect(master.takeNotices('settled')).to.have.nested.property('[0].worker', 'v')
  })

  it('refuses the late report of an earlier attempt by the worker that has the current one', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 2 })
    master.submit(1)
    master.hearsReport('w', [ref(1)], aResult('returned'))
    master.forget()
    master.hearsReport('w', [ref(1)], aResult('failure'))
    expect(master.takeNotices('settled')).to.deep.equal([])
    expect(master.takeMessages('accepted')).to.have.lengthOf(1)
    master.hearsReport('w', [ref(1, 2)])
    expect(master.takeNotices('settled')).to.have.nested.property('[0].attempt', 2)
  })

  it('refuses a report by a worker that never had the lease', () => {
    const master = aMasterWithARunningTask()
    master.joined('liar')
    master.hearsReport('liar', [ref(1)])
    expect(master.takeNotices('settled')).to.deep.equal([])
  })

  it('records one result of a report that comes twice', () => {
    const master = aMasterWithARunningTask()
    master.hearsReport('w', [ref(1)])
    expect(master.takeNotices('settled')).to.have.lengthOf(1)
    master.hearsReport('w', [ref(1)])
    expect(master.takeNotices('settled')).to.have.lengthOf(0)
    expect(master.takeMessages('accepted')).to.have.lengthOf(2)
  })

  it('ends a session in which a batch of leases got lost', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(1)
    for (let time = 0; time < 3; time++) {
      master.passes(2_000)
      master.hears('w', { type: 'renewal', seen: 0, credit: 2, withdrawn: 0 })
    }
    expect(master.take('disconnect')).to.have.nested.property('[0].worker', 'w')
  })

  it('gives everyone more time after it was paused itself', () => {
    const master = aMasterWithARunningTask()
    master.now += 20_000
    master.does({ type: 'wake' })
    master.expectNothingElse()
    master.passes(6_000)
    expect(master.takeNotices('parted')).to.have.lengthOf(1)
  })

  it('closes the stream of a worker that has left, also if the worker does not', () => {
    const master = aMaster()
    master.joined('w', {}, 5)
    master.hears('w', { type: 'bye' }, 5)
    expect(master.take('close')).to.deep.equal([{ type: 'close', worker: 'w', session: 5 }])
    expect(master.take('disconnect')).to.deep.equal([])
    master.hears('w', { type: 'offer', credit: 9, withdrawn: 0, more: false }, 5)
    master.submit(1)
    expect(master.takeLeases()).to.deep.equal({})
  })

  it('ignores the late hold of an older session, even of another run of the worker', () => {
    const master = aMaster()
    master.joined('w', { boot: 'new', credit: 1 }, 2)
    master.submit(1)
    master.forget()
    master.hears('w', aHold({ boot: 'old' }), 1)
    master.expectNothingElse()
    expect(master.machine.state.workers.get('w' as never)?.held.size).to.equal(1)
  })

  it('has a worker forget the jobs of which it lists attempts, once they have ended', () => {
    const master = aMaster()
    master.joined('w', { credit: 1 })
    const job = master.submit(1)
    master.does({ type: 'disconnected', worker: 'w' as never, session: 1 })
    const attempts = [{ ...ref(1), state: 'running' as const }]
    master.joined('w', { attempts, credit: 1 }, 2)
    master.hearsReport('w', [ref(1)], aResult(), 2)
    expect(master.takeMessages('forget')).to.deep.equal([{ type: 'forget', job }])
    const late = [
      { ...ref(1), state: 'ended' as const },
      { ...ref(2), state: 'ended' as const }
    ]
    master.hears('w', aHold({ attempts: late }), 3)
    const messages = master.take('send').map(({ message }) => message.type)
    expect(messages).to.deep.equal(['kept', 'forget'])
  })

  it('does not go on about jobs to workers that have gone', () => {
    const master = aMaster()
    master.joined('w', { credit: 1 })
    const job = master.submit(2)
    master.hears('w', { type: 'bye' })
    expect(master.machine.state.jobs.get(job)?.toldWorkers.size).to.equal(0)
  })

  it('watches one batch at a time, however many a worker leaves unseen', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1_000 })
    master.submit(100)
    for (let task = 1; task <= 50; task++) master.hearsReport('w', [ref(task)])
    const [view] = master.machine.state.workers.values()
    expect(view?.awaited).to.deep.equal({ batch: 1, sentAt: 0 })
    master.passes(1_000)
    master.hears('w', { type: 'renewal', seen: 1, credit: 1_000, withdrawn: 0 })
    expect(view?.awaited).to.deep.equal({ batch: view?.batch, sentAt: 1_000 })
    master.hears('w', { type: 'renewal', seen: 1_000, credit: 1_000, withdrawn: 0 })
    expect(view?.awaited?.sentAt).to.not.equal(0)
  })

  it('counts a loss that was forgiven again after a restart, too', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w', { credit: 1 })
    master.submit(1)
    master.hears('w', { type: 'started', attempts: [ref(1)] })
    master.passes(6_000)
    const next = aMaster({ isDurable: true })
    next.restores(master)
    next.does({ type: 'recovered' })
    const task = next.machine.state.jobs.get(ref(1).job)?.tasks.get(1)
    expect(task?.losses).to.equal(1)
    next.joined('w', { attempts: [{ ...ref(1), state: 'running' }] }, 9)
    expect(task?.losses).to.equal(0)
  })
})
