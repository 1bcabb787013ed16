import { expect } from 'chai'
import { JOBS_MAX, TASKS_MAX } from '../../../../src/core/limits.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { aHold, aMaster, anyInputs, aResult, ref, SPEC } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

describe('master: jobs', () => {
  it('leases what is submitted to those who have offered slots', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(3)
    expect(master.takeLeases()).to.deep.equal({ w: [1, 2] })
  })

  it('tells a worker the spec before its first lease, once', () => {
    const master = aMaster()
    master.joined('w', { credit: 1 })
    master.submit(2)
    master.hears('w', { type: 'offer', credit: 2, withdrawn: 0, more: false })
    const types = master.take('send').map(({ message }) => message.type)
    expect(types).to.deep.equal(['spec', 'leases', 'leases'])
  })

  it('says that a job has ended once all its tasks have, and that its spec can go', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(2)
    master.hearsReport('w', [ref(1)])
    expect(master.takeNotices('ended')).to.deep.equal([])
    master.forget()
    master.hearsReport('w', [ref(2)], aResult('failure'))
    expect(master.takeNotices('ended')).to.have.nested.property('[0].counts').include({
      finished: 1,
      failed: 1
    })
    expect(master.takeMessages('forget')).to.deep.equal([{ type: 'forget', job: 1 }])
  })

  it('ends an empty job as soon as it is closed', () => {
    const master = aMaster()
    master.submit(0)
    expect(master.takeNotices('ended')).to.have.lengthOf(1)
  })

  it('takes no more tasks after a job is closed', () => {
    const master = aMaster()
    const job = master.submit(1)
    master.does({ type: 'add', job, inputs: [new Uint8Array(1)] })
    expect(master.machine.state.waitingTasks).to.equal(1)
  })

  it('knows at once that workers hold less after a job was canceled', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 2 })
    const job = master.submit(1)
    const { idle, busy } = master.machine.state.plain
    expect([idle.size, busy.size]).to.deep.equal([0, 1])
    master.does({ type: 'cancel', job, reason: 'enough' })
    expect([idle.size, busy.size]).to.deep.equal([1, 0])
  })

  it('cancels a task once that is named twice', () => {
    const master = aMaster()
    const job = master.submit(2)
    master.does({ type: 'cancel-tasks', job, tasks: [1, 1], reason: 'enough' })
    expect(master.takeNotices('settled')).to.have.lengthOf(1)
  })

  it('cancels single tasks, wherever they are, and goes on with the others', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1 })
    const job = master.submit(3)
    master.forget()
    master.does({ type: 'cancel-tasks', job, tasks: [1, 3, 99], reason: 'not wanted' })
    expect(master.takeMessages('cancel')).to.deep.equal([{ type: 'cancel', attempts: [ref(1)] }])
    master.hearsReport('w', [ref(1)])
    master.hears('w', { type: 'offer', credit: 2, withdrawn: 0, more: false })
    master.hearsReport('w', [ref(2)])
    const ends = master.takeNotices('settled').map(({ task, state }) => `${task} ${state}`)
    expect(ends).to.deep.equal(['1 canceled', '3 canceled', '2 finished'])
    expect(master.machine.state.jobs.size).to.equal(0)
  })

  it('leases a job for one worker to that one only, by its name or id', () => {
    const master = aMaster()
    master.joined('w1', { name: 'lab1' })
    master.joined('w2', { name: 'lab2' })
    master.submit(1, { worker: 'lab2' })
    master.submit(1, { worker: 'w1' })
    master.submit(1, { worker: 'lab3' })
    const leases = master
      .take('send')
      .flatMap(({ worker, message }) =>
        message.type === 'leases' ? message.leases.map(({ job }) => [worker, job]) : []
      )
    expect(leases).to.have.deep.members([
      ['w2', 1],
      ['w1', 2]
    ])
  })

  it('serves higher priorities first, and older jobs among equals', () => {
    const master = aMaster()
    const jobs = [
      master.submit(1),
      master.submit(1, { priority: 1 }),
      master.submit(1, { priority: 1 })
    ]
    expect(jobs).to.deep.equal([1, 2, 3])
    master.hears('w', aHold({ slots: 3, credit: 3 }))
    const leases = master.takeMessages('leases').flatMap((message) => message.leases)
    expect(leases.map(({ job }) => job)).to.deep.equal([2, 3, 1])
  })

  it('cancels a job wherever its tasks are', () => {
    const master = aMaster()
    master.joined('w')
    const job = master.submit(3)
    master.forget()
    master.does({ type: 'cancel', job, reason: 'enough' })
    const ends = master.take('emit').map(({ notice }) => notice)
    expect(ends.map(({ type }) => type)).to.deep.equal(['settled', 'settled', 'settled', 'ended'])
    expect(ends[0]).to.include({ state: 'canceled', worker: 'w' })
    const messages = master.take('send').map(({ message }) => message)
    expect(messages).to.deep.equal([
      { type: 'cancel', attempts: [ref(1), ref(2)] },
      { type: 'forget', job: 1 }
    ])
    master.expectNothingElse()
  })

  it('accepts the late report of a canceled task, so that its worker drops it', () => {
    const master = aMaster()
    master.joined('w')
    const job = master.submit(1)
    master.does({ type: 'cancel', job, reason: 'enough' })
    master.forget()
    master.hearsReport('w', [ref(1)])
    expect(master.takeMessages('accepted')).to.deep.equal([
      { type: 'accepted', attempts: [ref(1)] }
    ])
    master.expectNothingElse()
  })

  it('leases nothing more once it drains, and says so to all, newcomers too', () => {
    const master = aMaster()
    master.joined('w', { credit: 0 })
    master.submit(1)
    master.forget()
    master.does({ type: 'drain' })
    expect(master.takeMessages('drain')).to.have.lengthOf(1)
    master.hears('w', { type: 'offer', credit: 1, withdrawn: 0, more: false })
    master.expectNothingElse()
    master.hears('v', aHold())
    expect(master.take('send').map(({ message }) => message.type)).to.deep.equal(['kept', 'drain'])
  })

  describe('bounds', () => {
    it('takes no more jobs than it can keep, and again when one has ended', () => {
      const master = aMaster({ isDurable: true })
      for (let job = 0; job < JOBS_MAX; job++) submitOpen(master)
      expect(master.machine.submitRefusal()?.code).to.equal('LIMIT')
      master.forget()
      submitOpen(master)
      master.expectNothingElse()
      expect(master.machine.state.jobs.size).to.equal(JOBS_MAX)
      master.does({ type: 'close', job: ref(1).job })
      expect(master.machine.submitRefusal()).to.equal(undefined)
      expect(master.machine.nextJob).to.equal(JOBS_MAX + 1)
    })

    it('gives a job no more tasks than it may have, all or none', () => {
      const master = aMaster({ isDurable: true })
      const job = submitOpen(master)
      master.machine.state.jobs.get(job)!.lastTask = TASKS_MAX - 2
      expect(master.machine.addRefusal(job, 2)).to.equal(undefined)
      expect(master.machine.addRefusal(job, 3)?.code).to.equal('LIMIT')
      master.forget()
      master.does({ type: 'add', job, inputs: anyInputs(3) })
      master.expectNothingElse()
      master.does({ type: 'add', job, inputs: anyInputs(2) })
      expect(master.takeRecords()).to.have.lengthOf(1)
    })

    it('has nothing against tasks of a job that it does not know', () => {
      const master = aMaster()
      expect(master.machine.addRefusal(ref(1).job, 1)).to.equal(undefined)
      master.does({ type: 'add', job: ref(1).job, inputs: anyInputs(1) })
      master.expectNothingElse()
    })
  })

  function submitOpen(master: TestMaster): JobId {
    const job = master.machine.nextJob
    const options = { priority: 0, retries: 0 }
    master.apply({ type: 'submit', job, spec: SPEC, options })
    return job
  }
})
