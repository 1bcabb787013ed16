/** What ends a job or a task before its time: limits of failures, of crashes, of waiting. */
import { expect } from 'chai'
import { FAILS_SAMPLE_MIN } from '../../../../src/core/limits.ts'
import type { JobOptions } from '../../../../src/core/job.ts'
import { aMaster, anyInputs, aResult, ref, SPEC } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

/** How the tasks ended whose ends were not looked at yet, by task. */
function ends(master: TestMaster): Record<number, string> {
  return Object.fromEntries(master.takeNotices('settled').map(({ task, state }) => [task, state]))
}

function fails(master: TestMaster, ...tasks: number[]): void {
  for (const task of tasks) master.hearsReport('w', [ref(task)], aResult('failure'))
}

/** An open job of so many tasks, all leased to w. */
function opened(tasks: number, options: Partial<JobOptions>): TestMaster {
  const master = aMaster()
  master.joined('w', { slots: 100, credit: 100 })
  const job = master.machine.nextJob
  master.does({ type: 'submit', job, spec: SPEC, options: { priority: 0, retries: 0, ...options } })
  master.does({ type: 'add', job, inputs: anyInputs(tasks) })
  master.forget()
  return master
}

describe('master: the limit of failures', () => {
  it('aborts the rest when more tasks failed than may, and ends what runs', () => {
    const master = aMaster()
    master.joined('w', { slots: 3, credit: 4 })
    master.submit(6, { failsMax: { tasks: 1 } })
    master.forget()
    fails(master, 1)
    expect(ends(master)).to.deep.equal({ 1: 'failed' })
    fails(master, 2)
    const sent = master.take('send').map(({ message }) => message)
    expect(sent.find(({ type }) => type === 'cancel')).to.have.deep.property('attempts', [
      ref(3),
      ref(4)
    ])
    expect(master.machine.state.jobs.size).to.equal(0)
  })

  it('says which limit it was', () => {
    const master = opened(3, { failsMax: { tasks: 0 } })
    fails(master, 1)
    const settled = master.takeNotices('settled')
    expect(settled.map(({ state }) => state)).to.deep.equal(['failed', 'aborted', 'aborted'])
    expect(settled[1]?.result.reason).to.equal(
      'not run: more than 0 of the tasks of job 1 failed, its limit'
    )
  })

  it('aborts also what is added later, one end for each', () => {
    const master = opened(1, { failsMax: { tasks: 0 } })
    fails(master, 1)
    expect(ends(master)).to.deep.equal({ 1: 'failed' })
    master.does({ type: 'add', job: 1 as never, inputs: anyInputs(2) })
    expect(ends(master)).to.deep.equal({ 2: 'aborted', 3: 'aborted' })
    master.does({ type: 'close', job: 1 as never })
    expect(master.takeNotices('ended')[0]?.counts).to.include({ failed: 1, aborted: 2 })
  })

  it('counts a percentage of all tasks once no more can come', () => {
    const master = aMaster()
    master.joined('w', { slots: 10, credit: 10 })
    master.submit(10, { failsMax: { percent: 20 } })
    fails(master, 1, 2)
    expect(Object.values(ends(master))).to.deep.equal(['failed', 'failed'])
    fails(master, 3)
    expect(Object.values(ends(master)).filter((end) => end === 'aborted')).to.have.lengthOf(7)
  })

  it('counts it before that only when enough have ended, and again when no more can come', () => {
    const master = opened(FAILS_SAMPLE_MIN, { failsMax: { percent: 10 } })
    fails(master, ...Array.from({ length: FAILS_SAMPLE_MIN - 1 }, (_, at) => at + 1))
    expect(Object.values(ends(master))).to.not.include('aborted')
    master.does({ type: 'close', job: 1 as never })
    expect(ends(master)).to.deep.equal({ [FAILS_SAMPLE_MIN]: 'aborted' })
    const other = opened(FAILS_SAMPLE_MIN + 1, { failsMax: { percent: 10 } })
    fails(other, ...Array.from({ length: FAILS_SAMPLE_MIN }, (_, at) => at + 1))
    expect(Object.values(ends(other))).to.include('aborted')
  })

  it('holds over a restart of the master', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w', { slots: 1, credit: 1 })
    const job = master.machine.nextJob
    const options = { priority: 0, retries: 0, failsMax: { tasks: 0 } }
    master.does({ type: 'submit', job, spec: SPEC, options })
    master.does({ type: 'add', job, inputs: anyInputs(1) })
    fails(master, 1)
    const next = aMaster({ isDurable: true })
    next.restores(master)
    next.does({ type: 'recovered' })
    next.does({ type: 'add', job, inputs: anyInputs(1) })
    expect(ends(next)).to.deep.equal({ 2: 'aborted' })
  })
})

describe('master: the limit of crashes', () => {
  it('fails a task that crashed as often as its job allows', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 9 })
    master.submit(1, { crashesMax: 2, backoff: { kind: 'fixed', firstMs: 0, maxMs: 0 } })
    master.hearsReport('w', [ref(1)], aResult('crash'))
    master.passes(1)
    expect(ends(master)).to.deep.equal({})
    master.hearsReport('w', [ref(1, 2)], aResult('crash'))
    expect(ends(master)).to.deep.equal({ 1: 'failed' })
  })
})

describe('master: backoff', () => {
  function delays(options: Partial<JobOptions>): number[] {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 99 })
    master.submit(1, { retries: 6, ...options })
    return Array.from({ length: 6 }, (_, at) => {
      master.hearsReport('w', [ref(1, at + 1)], aResult('failure'))
      const delay = master.takeNotices('setback')[0]?.delayMs ?? NaN
      master.passes(delay)
      return delay
    })
  }

  it('is always the same where it is fixed', () => {
    const backoff = { kind: 'fixed', firstMs: 700, maxMs: 700 } as const
    expect(delays({ backoff })).to.deep.equal(new Array(6).fill(700))
  })

  it('doubles up to the most, and up to half of it is left out at random', () => {
    const backoff = { kind: 'exponential', firstMs: 100, maxMs: 1_000 } as const
    for (const [at, delay] of delays({ backoff }).entries()) {
      const whole = Math.min(1_000, 100 * 2 ** at)
      expect(delay).to.be.within(whole / 2, whole)
    }
  })

  it('can be as long as a day after any number of attempts', () => {
    const { state } = aMaster().machine
    const backoff = { kind: 'exponential', firstMs: 86_400_000, maxMs: 86_400_000 } as const
    for (const times of [1, 50, 1_000]) {
      expect(state.backoff(times, backoff)).to.be.within(43_200_000, 86_400_000)
    }
  })
})

describe('master: starting in time', () => {
  it('aborts what no worker has started, wherever it is', () => {
    const master = aMaster()
    master.joined('w', { slots: 2, credit: 2 })
    master.submit(4, { startWithinMs: 5_000 })
    master.hears('w', { type: 'started', attempts: [ref(1)] })
    master.passes(4_999)
    expect(ends(master)).to.deep.equal({})
    master.forget()
    master.passes(1)
    expect(master.take('send').map(({ message }) => message)).to.deep.include({
      type: 'cancel',
      attempts: [ref(2)]
    })
    expect([...(master.machine.state.jobs.get(1 as never)?.tasks.keys() ?? [])]).to.deep.equal([1])
  })

  it('says so, and forgets the time of what has started once', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1 })
    master.submit(2, { startWithinMs: 5_000, retries: 1 })
    master.hears('w', { type: 'started', attempts: [ref(1)] })
    master.hearsReport('w', [ref(1)], aResult('failure'))
    master.passes(5_000)
    const [settled, ...others] = master.takeNotices('settled')
    expect(others).to.deep.equal([])
    expect([settled?.task, settled?.state]).to.deep.equal([2, 'aborted'])
    expect(settled?.result.reason).to.equal('no worker started it within 5 s')
  })

  it('gives each task its own time, by one deadline for each job', () => {
    const master = aMaster()
    const job = master.machine.nextJob
    const options = { priority: 0, retries: 0, startWithinMs: 1_000 }
    master.does({ type: 'submit', job, spec: SPEC, options })
    for (let at = 0; at < 10; at++) {
      master.does({ type: 'add', job, inputs: anyInputs(1) })
      master.passes(300)
    }
    expect(Object.keys(ends(master))).to.have.lengthOf(7)
    expect(master.machine.state.deadlines.size).to.equal(1)
  })

  it('begins anew when the master does', () => {
    const master = aMaster({ isDurable: true })
    master.submit(1, { startWithinMs: 1_000 })
    const next = aMaster({ isDurable: true })
    next.restores(master)
    next.now = 50_000
    next.does({ type: 'recovered' })
    next.passes(999)
    expect(ends(next)).to.deep.equal({})
    next.passes(1)
    expect(ends(next)).to.deep.equal({ 1: 'aborted' })
  })

  it('leaves nothing behind of jobs that have ended long before', () => {
    const master = aMaster()
    for (let at = 0; at < 20_000; at++) {
      const job = master.machine.nextJob
      const options = { priority: 0, retries: 0, startWithinMs: 1e9 }
      master.apply({ type: 'submit', job, spec: SPEC, options })
      master.apply({ type: 'add', job, inputs: anyInputs(1) })
      master.apply({ type: 'cancel', job, reason: 'enough' })
      master.forget()
    }
    expect(master.machine.state.deadlines.size).to.be.below(5_000)
  })
})
