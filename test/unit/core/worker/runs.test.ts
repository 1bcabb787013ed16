import { expect } from 'chai'
import { aResult, aWorker, ref } from '../../../support/machines.ts'

describe('worker: runs', () => {
  it('starts what it is leased, and says so', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(worker.takeStarts()).to.deep.equal([1, 2])
    expect(worker.takeMessages()).to.deep.include({ type: 'started', attempts: [ref(1), ref(2)] })
  })

  it('reports a result, and releases it once it is accepted', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    worker.forget()
    const result = aResult()
    worker.ends(1, result)
    expect(worker.takeMessages()[0]).to.deep.equal({
      type: 'report',
      reports: [{ ...ref(1), result }]
    })
    expect(worker.take('release')).to.deep.equal([])
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    expect(worker.take('release')).to.have.lengthOf(1)
    expect(worker.machine.state.heldTasks).to.equal(0)
  })

  it('reports again what has not been accepted for a lease', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    worker.ends(1)
    worker.forget()
    for (let time = 0; time < 4; time++) {
      worker.passes(2_000)
      worker.hears('m', { type: 'renewed' })
    }
    const reports = worker.takeMessages().filter(({ type }) => type === 'report')
    expect(reports).to.have.lengthOf(1)
  })

  it('starts an attempt once, however often its lease comes', () => {
    const worker = aWorker()
    worker.joined('m')
    const leases = [{ ...ref(1), input: new Uint8Array(0) }]
    for (let copy = 0; copy < 3; copy++) {
      worker.hears('m', { type: 'leases', batch: 1, more: false, leases })
    }
    worker.ends(1)
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    worker.hears('m', { type: 'leases', batch: 1, more: false, leases })
    expect(worker.takeStarts()).to.deep.equal([1])
  })

  it('stops what is canceled, and fills its slot only when it has ended', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    worker.forget()
    worker.hears('m', { type: 'cancel', attempts: [ref(1)] })
    expect(worker.take('stop')).to.deep.equal([{ type: 'stop', run: 1 }])
    worker.hearsLeases('m', [ref(2)])
    expect(worker.takeStarts()).to.deep.equal([])
    worker.ends(1)
    expect(worker.take('release')).to.have.lengthOf(1)
    worker.hearsLeases('m', [ref(3)])
    expect(worker.takeStarts()).to.deep.equal([3])
  })

  it('ignores a cancel of another attempt', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1, 2)])
    worker.hears('m', { type: 'cancel', attempts: [ref(1, 1)] })
    expect(worker.take('stop')).to.deep.equal([])
  })

  it('replaces an attempt by a newer one of the same task', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1, 1)])
    worker.hearsLeases('m', [ref(1, 2)])
    expect(worker.take('stop')).to.deep.equal([{ type: 'stop', run: 1 }])
    expect(worker.take('start').map(({ attempt }) => attempt)).to.deep.equal([1, 2])
  })

  it('ends a run at its time limit, and says why', () => {
    const worker = aWorker()
    worker.joined('m', { timeoutMs: 1_500 })
    worker.hearsLeases('m', [ref(1)])
    worker.passes(1_499)
    expect(worker.take('stop')).to.deep.equal([])
    worker.passes(1)
    expect(worker.take('stop')).to.deep.equal([{ type: 'stop', run: 1 }])
    worker.forget()
    worker.ends(1, aResult('failure'))
    expect(worker.takeMessages()[0]).to.have.nested.property('reports[0].result').include({
      outcome: 'timeout',
      reason: 'ran longer than its time limit of 1.5 s'
    })
  })

  it('believes a success that came just before the time limit took effect', () => {
    const worker = aWorker()
    worker.joined('m', { timeoutMs: 1_500 })
    worker.hearsLeases('m', [ref(1)])
    worker.passes(1_500)
    worker.forget()
    worker.ends(1, aResult('success'))
    const [report] = worker.takeMessages()
    expect(report).to.have.nested.property('reports[0].result.outcome', 'success')
  })

  it('forgets the time limits of runs that ended long before', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m', { timeoutMs: 3_600_000 })
    for (let task = 1; task <= 5_000; task++) {
      worker.hearsLeases('m', [ref(task)])
      worker.ends(task)
      worker.hears('m', { type: 'accepted', attempts: [ref(task)] })
    }
    expect(worker.machine.state.timeLimits.size).to.be.lessThan(2_000)
  })

  it('runs no more of a job than the job allows', () => {
    const worker = aWorker({ slots: 4 })
    worker.joined('m', { slotsMax: 2 })
    worker.hearsLeases('m', [ref(1), ref(2), ref(3)])
    expect(worker.takeStarts()).to.deep.equal([1, 2])
  })

  it('cuts long lists of results into several messages', () => {
    const worker = aWorker({ slots: 3 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2), ref(3)])
    worker.forget()
    const result = { ...aResult(), stdout: new Uint8Array(40_000) }
    worker.does({ type: 'ended', ends: [1, 2, 3].map((run) => ({ run, result })) })
    const reports = worker.takeMessages().filter(({ type }) => type === 'report')
    expect(reports).to.have.lengthOf(3)
  })
})
