import { expect } from 'chai'
import type { ShellSpec } from '../../../../src/core/spec.ts'
import type { WorkerEffect } from '../../../../src/core/worker/events.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

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
    expect([...worker.machine.state.masters.values()][0]?.heldTasks).to.equal(0)
  })

  it('reports again what has not been accepted for a lease', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    worker.ends(1)
    worker.forget()
    for (let time = 0; time < 4; time++) {
      worker.passes(2_000)
      worker.hears('m', { type: 'renewed', more: false })
    }
    const reports = worker.takeMessages().filter(({ type }) => type === 'report')
    expect(reports).to.have.lengthOf(1)
  })

  it('starts an attempt once, however often its lease comes', () => {
    const worker = aWorker()
    worker.joined('m')
    const leases = [{ ...ref(1), input: new Uint8Array(0) }]
    for (let copy = 0; copy < 3; copy++) {
      worker.hears('m', { type: 'leases', batch: 1, used: 1, more: false, leases })
    }
    worker.ends(1)
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    worker.hears('m', { type: 'leases', batch: 1, used: 1, more: false, leases })
    expect(worker.takeStarts()).to.deep.equal([1])
  })

  describe('ahead of time', () => {
    /** One slot, tasks of a millisecond each; then 60 more are leased. */
    function ahead(spec: Partial<ShellSpec> = {}): { worker: TestWorker; runs: number[] } {
      const worker = aWorker({ slots: 1 })
      worker.joined('m', spec)
      for (let task = 1; task <= 250; task++) {
        worker.hearsLeases('m', [ref(task)], true)
        worker.now++
        worker.ends(task)
        worker.hears('m', { type: 'accepted', attempts: [ref(task)] })
      }
      worker.forget()
      const refs = Array.from({ length: 60 }, (_, at) => ref(1_001 + at))
      worker.hearsLeases('m', refs, true)
      return { worker, runs: worker.take('start').map(({ run }) => run) }
    }

    it('hands over about 40 ms of short tasks, and says that the first has started', () => {
      const { worker, runs } = ahead()
      expect(runs.length).to.be.within(30, 41)
      expect(worker.takeMessages()).to.deep.include({ type: 'started', attempts: [ref(1_001)] })
    })

    it('tells of a start at once, unless others of the job have just ended', () => {
      const fresh = aWorker({ slots: 1 })
      fresh.joined('m')
      fresh.hearsLeases('m', [ref(1)])
      expect(startOf(fresh).patienceMs).to.equal(0)
      expect(startOf(ahead().worker).patienceMs).to.equal(2)
    })

    it('hands over more once half of that is used up', () => {
      const { worker, runs } = ahead()
      const half = Math.floor(runs.length / 2)
      for (const run of runs.slice(0, half - 1)) worker.ends(run)
      expect(worker.takeStarts()).to.deep.equal([])
      for (const run of runs.slice(half - 1, half + 2)) worker.ends(run)
      expect(worker.takeStarts().length).to.be.within(half - 1, half + 2)
    })

    it('lets a report wait for others while its master has plenty of work left here', () => {
      const { worker, runs } = ahead()
      const patience = (): number[] =>
        worker
          .take('send')
          .filter(({ message }) => message.type === 'report')
          .map(({ patienceMs }) => patienceMs)
      worker.forget()
      worker.ends(runs[0]!)
      expect(patience()).to.deep.equal([10])
      for (const run of runs.slice(1)) worker.ends(run)
      expect(patience().at(-1)).to.equal(0)
    })

    it('says at once what it gives back, however much is left', () => {
      const { worker } = ahead()
      worker.forget()
      const more = Array.from({ length: 400 }, (_, at) => ref(2_001 + at))
      worker.hearsLeases('m', more, true)
      const given = worker.take('send').filter(({ message }) => message.type === 'report')
      expect(given).not.to.deep.equal([])
      expect(new Set(given.map(({ patienceMs }) => patienceMs))).to.deep.equal(new Set([0]))
    })

    it('says that another has started when the executor says so', () => {
      const { worker, runs } = ahead()
      worker.ends(runs[0]!)
      worker.forget()
      worker.does({ type: 'started', runs: [runs[1]!] })
      expect(worker.takeMessages()).to.deep.include({ type: 'started', attempts: [ref(1_002)] })
    })

    it('limits the time of a task from its beginning', () => {
      const { worker, runs } = ahead({ timeoutMs: 1_000 })
      worker.ends(runs[0]!)
      worker.passes(900)
      worker.does({ type: 'started', runs: [runs[1]!] })
      worker.passes(900)
      expect(worker.take('stop')).to.deep.equal([])
      worker.passes(200)
      expect(worker.take('stop')).to.deep.equal([{ type: 'stop', run: runs[1]! }])
    })

    it('lists them as queued in a new session', () => {
      const { worker } = ahead()
      worker.disconnects('m')
      worker.forget()
      worker.connects('m', 2)
      const [hold] = worker.takeMessages()
      expect(hold?.type === 'hold' && hold.attempts[0]).to.include({
        task: 1_001,
        state: 'running'
      })
      expect(hold?.type === 'hold' && hold.attempts[1]).to.include({ task: 1_002, state: 'queued' })
    })

    it('hands over none beside tasks of another kind', () => {
      const { worker } = ahead()
      worker.hearsSpec('m', { kind: 'function' } as object, 2)
      for (const run of [...worker.machine.state.runs.keys()].slice(1)) worker.ends(run)
      worker.takeStarts()
      worker.hearsLeases('m', [ref(1, 1, 2)], true)
      expect(worker.machine.state.runsOfKind.get('function') ?? 0).to.equal(0)
    })

    it('passes on what a task says of itself', () => {
      const { worker, runs } = ahead()
      worker.forget()
      const value = new Uint8Array([1])
      worker.does({ type: 'progress', run: runs[0]!, value })
      worker.does({ type: 'progress', run: 99_999, value })
      expect(worker.takeMessages()).to.deep.equal([
        { type: 'progress', progress: [{ ...ref(1_001), value }] }
      ])
    })
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

function startOf(worker: TestWorker): Extract<WorkerEffect, { type: 'send' }> {
  const started = worker.take('send').find(({ message }) => message.type === 'started')
  if (started === undefined) throw new Error('it has not told')
  return started
}
