/** A second attempt for what takes much longer than the others: when, where, and what becomes of both. */
import { expect } from 'chai'
import type { JobOptions } from '../../../../src/core/job.ts'
import { LOSSES_MAX, STRAGGLER_MIN_MS } from '../../../../src/core/limits.ts'
import type { AttemptRef, JobId } from '../../../../src/core/types.ts'
import { explain } from '../../../../src/core/master/explain.ts'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

const HEDGED: Partial<JobOptions> = { hedge: true }
/** How long the usual tasks take, and when one that runs is a straggler for sure. */
const USUAL_MS = 2_000
const LATE_MS = 4 * USUAL_MS

/** Lets time pass while everybody renews. */
function passes(
  master: TestMaster,
  ms: number,
  workers: readonly string[] = ['slow', 'fast']
): void {
  for (let left = ms; left > 0; left -= STRAGGLER_MIN_MS) {
    master.passes(Math.min(left, STRAGGLER_MIN_MS))
    for (const worker of workers) {
      const view = master.machine.state.workers.get(worker as never)
      if (view?.session !== undefined) master.hearsRenewal(worker, view.credit, view.session)
    }
  }
}

/** Task 1 runs at `slow`; the others are done by `fast`, which then has nothing to do. */
function behind(options: Partial<JobOptions> = HEDGED, tasks = 5): TestMaster {
  const master = aMaster({ isDurable: true })
  // Records stay: a successor may be rebuilt from them.
  master.hears('slow', aHold({ slots: 1, credit: 1, name: 'slow' }))
  master.submit(tasks, options)
  master.hears('slow', { type: 'started', attempts: [ref(1)] })
  master.hears('fast', aHold({ slots: 4, credit: tasks + 20, name: 'fast' }))
  const rest = Array.from({ length: tasks - 1 }, (_, at) => ref(at + 2))
  master.hears('fast', { type: 'started', attempts: rest })
  master.hearsReport('fast', rest, aResult('success', USUAL_MS))
  return master
}

/** The same, with a second attempt of task 1 at `fast`, which has started. */
function doubled(options: Partial<JobOptions> = HEDGED): TestMaster {
  const master = behind(options)
  passes(master, LATE_MS)
  expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  master.hears('fast', { type: 'started', attempts: [ref(1, 2)] })
  for (const kind of ['send', 'emit'] as const) master.take(kind)
  return master
}

/** Takes out every message, and returns what was leased last to whom. */
function leasesOf(master: TestMaster): Record<string, AttemptRef[]> {
  const leases: Record<string, AttemptRef[]> = {}
  for (const { worker, message } of master.take('send')) {
    if (message.type !== 'leases') continue
    for (const { job, task, attempt } of message.leases) {
      if (task === 1 && attempt > 1) (leases[worker] ??= []).push({ job, task, attempt })
    }
  }
  return leases
}

function cancelsOf(master: TestMaster): Record<string, readonly AttemptRef[]> {
  const cancels: Record<string, readonly AttemptRef[]> = {}
  for (const { worker, message } of master.take('send')) {
    if (message.type === 'cancel') cancels[worker] = message.attempts
  }
  return cancels
}

function endOf(master: TestMaster): unknown[] {
  return master
    .takeNotices('settled')
    .filter(({ task }) => task === 1)
    .map(({ state, attempt, worker }) => [state, attempt, worker])
}

function whys(master: TestMaster): unknown[] {
  return explain(master.machine.state, 1 as JobId, 1, master.now)
}

describe('stragglers', () => {
  it('get a second attempt elsewhere once they took three times as long as half of the others', () => {
    const master = behind()
    passes(master, 2 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({})
    passes(master, LATE_MS - 2 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
    passes(master, 10 * LATE_MS)
    expect(leasesOf(master), 'a third').to.deep.equal({})
  })

  it('get none in a job that does not allow it', () => {
    const master = behind({})
    passes(master, 20 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
  })

  it('get none while less is known than it takes, or while as many run as have ended', () => {
    const few = behind(HEDGED, 3)
    passes(few, 20 * LATE_MS)
    expect(leasesOf(few)).to.deep.equal({})

    const master = aMaster()
    master.joined('slow', { slots: 4, credit: 4 })
    master.submit(7, HEDGED)
    const slow = [1, 2, 3, 4].map((task) => ref(task))
    master.hears('slow', { type: 'started', attempts: slow })
    master.joined('fast', { slots: 3, credit: 30 })
    const rest = [5, 6, 7].map((task) => ref(task))
    master.hearsReport('fast', rest, aResult('success', USUAL_MS))
    passes(master, 20 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    master.hearsReport('slow', [ref(4)], aResult('success', USUAL_MS))
    passes(master, 2 * STRAGGLER_MIN_MS)
    expect(master.take('send').some(({ worker }) => worker === 'fast')).to.equal(true)
  })

  it('get none before a second, however short the others are', () => {
    const master = aMaster()
    master.joined('slow', { slots: 6, credit: 6 })
    master.submit(6, HEDGED)
    const rest = [2, 3, 4, 5, 6].map((task) => ref(task))
    // From here on the job is looked at; task 1 starts a little later.
    master.hears('slow', { type: 'started', attempts: rest })
    master.passes(100)
    master.hears('slow', { type: 'started', attempts: [ref(1)] })
    master.hearsReport('slow', rest.slice(1), aResult('success', 1))
    master.joined('fast', { slots: 2, credit: 2 })
    master.passes(STRAGGLER_MIN_MS - 100)
    master.take('send')
    master.passes(99)
    expect(leasesOf(master)).to.deep.equal({})
    master.passes(1)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('are found soon, also when most turn out to be shorter than they were at first', () => {
    const master = behind()
    const { runTimes } = master.machine.state.jobs.get(1 as JobId)!.hedge!
    for (let times = 0; times < 10; times++) runTimes.add(100 * USUAL_MS)
    passes(master, 2 * STRAGGLER_MIN_MS)
    for (let times = 0; times < 20; times++) runTimes.add(1)
    passes(master, 200 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('get none while anything waits, nor from a master that drains', () => {
    const master = behind()
    // It is to be tried elsewhere, and waits, although somebody is idle.
    const other = master.submit(1, { retries: 1, backoff: { kind: 'fixed', firstMs: 1, maxMs: 1 } })
    master.hearsReport('fast', [ref(1, 1, other)], aResult('failure'))
    passes(master, LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    expect(master.machine.state.plain.idle.size).to.equal(1)
    expect(master.machine.state.waitingTasks).to.equal(1)
    passes(master, 2 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2, other), ref(1, 2)] })

    const draining = behind()
    draining.does({ type: 'drain' })
    passes(draining, LATE_MS)
    expect(leasesOf(draining)).to.deep.equal({})
  })

  it('get one only where the job may run one more, and where the slots are free that it takes', () => {
    const limited = aMaster()
    limited.joined('slow', { slots: 4, credit: 20 })
    limited.submit(5, HEDGED, { slotsMax: 1 })
    limited.hears('slow', { type: 'started', attempts: [ref(1)] })
    limited.joined('fast', { slots: 4, credit: 20 })
    for (const task of [2, 3, 4]) {
      passes(limited, STRAGGLER_MIN_MS)
      limited.hearsReport('fast', [ref(task)], aResult('success', USUAL_MS))
    }
    limited.hears('fast', { type: 'started', attempts: [ref(5)] })
    limited.forget()
    passes(limited, LATE_MS)
    expect([...limited.machine.state.plain.idle].map(({ id }) => id)).to.include('fast')
    expect(limited.takeLeases()).to.deep.equal({})
    limited.hearsReport('fast', [ref(5)], aResult('success', USUAL_MS))
    passes(limited, STRAGGLER_MIN_MS)
    expect(limited.takeLeases()).to.deep.equal({ fast: [1] })

    const large = aMaster()
    large.joined('slow', { slots: 8, credit: 20, amounts: {} })
    large.submit(4, HEDGED, { amounts: { cpus: 2 } })
    large.hears('slow', { type: 'started', attempts: [ref(1)] })
    const rest = [2, 3, 4].map((task) => ref(task))
    large.hearsReport('slow', rest, aResult('success', USUAL_MS))
    large.joined('fast', { slots: 2, credit: 20, amounts: {} })
    const other = large.submit(1, { worker: 'fast' })
    large.forget()
    passes(large, LATE_MS)
    expect(large.takeLeases()).to.deep.equal({})
    large.hearsReport('fast', [ref(1, 1, other)])
    passes(large, STRAGGLER_MIN_MS)
    expect(large.takeLeases()).to.deep.equal({ fast: [1] })
  })

  it('get one only where there is a free slot, and where the job may run', () => {
    const full = behind()
    full.submit(4)
    passes(full, LATE_MS)
    expect(leasesOf(full)).to.deep.equal({})

    const labeled = aMaster()
    labeled.joined('slow', { slots: 4, credit: 20, labels: { gpu: '1' } })
    labeled.submit(5, { ...HEDGED, requires: [{ label: 'gpu' }] })
    labeled.hears('slow', { type: 'started', attempts: [ref(1)] })
    const rest = [2, 3, 4, 5].map((task) => ref(task))
    labeled.hearsReport('slow', rest, aResult('success', USUAL_MS))
    labeled.joined('fast', { slots: 4, credit: 20 })
    passes(labeled, LATE_MS)
    expect(leasesOf(labeled)).to.deep.equal({})
    labeled.joined('other', { slots: 1, credit: 1, labels: { gpu: '1' } })
    passes(labeled, STRAGGLER_MIN_MS)
    expect(leasesOf(labeled)).to.deep.equal({ other: [ref(1, 2)] })
  })

  for (const [first, attempt, other] of [
    ['slow', 1, 'fast'],
    ['fast', 2, 'slow']
  ] as const) {
    it(`end with the first success, by ${first}, and the other attempt is called off`, () => {
      const master = doubled()
      master.hearsReport(first, [ref(1, attempt)], aResult('success', 9_000))
      expect(cancelsOf(master)).to.deep.equal({ [other]: [ref(1, 3 - attempt)] })
      expect(endOf(master)).to.deep.equal([['finished', attempt, first]])
      // The other one was too late to be told.
      master.hearsReport(other, [ref(1, 3 - attempt)], aResult())
      expect(master.takeMessages('accepted').at(-1)?.attempts).to.deep.equal([ref(1, 3 - attempt)])
      expect(endOf(master)).to.deep.equal([])
      const records = master.takeRecords()
      expect(records.filter(({ type }) => type === 'settled')).to.have.lengthOf(5)
      const setbacks = records.filter((record) => record.type === 'setback')
      expect(setbacks).to.have.lengthOf(1)
      expect(setbacks[0]).to.include({
        attempt: 3 - attempt,
        reason: `attempt ${attempt} was first`
      })
      expect(records.at(-1)?.type).to.equal('ended')
    })

    it(`go on with the other attempt when the one by ${first} fails, which counts for nothing`, () => {
      for (const outcome of ['failure', 'timeout', 'crash', 'refused', 'returned'] as const) {
        const master = doubled()
        master.hearsReport(first, [ref(1, attempt)], aResult(outcome))
        expect(endOf(master)).to.deep.equal([])
        expect(cancelsOf(master)).to.deep.equal({})
        expect(whys(master)).to.deep.equal([{ type: 'runs', worker: other, attempt: 3 - attempt }])
        master.hearsReport(other, [ref(1, 3 - attempt)], aResult('failure'))
        expect(endOf(master)).to.deep.equal([['failed', 3 - attempt, other]])
      }
    })

    it(`go on with the other attempt when ${first} is lost, which is held against the task`, () => {
      const master = doubled()
      master.hears(first, aHold({ boot: 'boot-2' }), 2)
      const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
      expect(task.losses).to.equal(1)
      expect(whys(master)).to.deep.equal([{ type: 'runs', worker: other, attempt: 3 - attempt }])
      master.hearsReport(other, [ref(1, 3 - attempt)])
      expect(endOf(master)).to.deep.equal([['finished', 3 - attempt, other]])
    })
  }

  it('wait again once both attempts are lost, and the next has a number of its own', () => {
    for (const order of [
      ['slow', 'fast'],
      ['fast', 'slow']
    ]) {
      const master = doubled()
      for (const worker of order) master.hears(worker, aHold({ boot: 'boot-2' }), 2)
      expect(Object.values(leasesOf(master))).to.deep.equal([[ref(1, 3)]])
      const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
      expect(task.losses).to.equal(2)
    }
  })

  it('get no second attempt once two more losses would be the end of them', () => {
    const master = behind()
    const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
    task.losses = LOSSES_MAX - 2
    passes(master, 3 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    task.losses--
    passes(master, LATE_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('get another second attempt later, but not where one failed', () => {
    const failed = doubled()
    failed.hearsReport('fast', [ref(1, 2)], aResult('failure'))
    failed.forget()
    passes(failed, 10 * LATE_MS)
    expect(leasesOf(failed)).to.deep.equal({})

    const returned = doubled()
    returned.hearsReport('fast', [ref(1, 2)], aResult('returned'))
    passes(returned, 2 * USUAL_MS)
    expect(leasesOf(returned), 'at once').to.deep.equal({})
    passes(returned, LATE_MS)
    expect(leasesOf(returned)).to.deep.equal({ fast: [ref(1, 3)] })
  })

  it('are canceled by a person in both places', () => {
    for (const event of [
      { type: 'cancel', job: 1 as JobId, reason: 'so' } as const,
      { type: 'cancel-tasks', job: 1 as JobId, tasks: [1], reason: 'so' } as const
    ]) {
      const master = doubled()
      master.does(event)
      expect(cancelsOf(master)).to.deep.equal({ slow: [ref(1, 1)], fast: [ref(1, 2)] })
      expect(endOf(master)).to.have.lengthOf(1)
      expect(master.takeRecords().filter(({ type }) => type === 'setback')).to.deep.equal([])
      expect(master.machine.state.jobs.size).to.equal(0)
    }
  })

  it('keep both attempts over lost connections', () => {
    const master = doubled()
    const attempts = { slow: ref(1, 1), fast: ref(1, 2) }
    for (const [worker, attempt] of Object.entries(attempts)) {
      master.does({ type: 'disconnected', worker: worker as never, session: 1 })
      master.hears(worker, aHold({ attempts: [{ ...attempt, state: 'running' }] }), 2)
      expect(master.takeMessages('kept')[0]?.canceled).to.deep.equal([])
    }
    expect(whys(master)).to.have.lengthOf(2)
    // Of one that did not arrive, the other one is left.
    master.hears('fast', aHold(), 3)
    expect(whys(master)).to.deep.equal([{ type: 'runs', worker: 'lab', attempt: 1 }])
  })

  it('are started twice, and told of once; what both print is told of the first', () => {
    const master = behind()
    passes(master, LATE_MS)
    master.forget()
    expect(whys(master)).to.deep.equal([
      { type: 'runs', worker: 'slow', attempt: 1 },
      { type: 'leased', worker: 'fast', attempt: 2 }
    ])
    for (let times = 0; times < 2; times++) {
      master.hears('fast', { type: 'started', attempts: [ref(1, 2)] })
    }
    expect(master.takeNotices('started').flatMap(({ attempts }) => attempts)).to.deep.equal([
      ref(1, 2)
    ])
    expect(master.machine.runningAttempt(1 as JobId, 1)).to.deep.equal({
      attempt: 1,
      worker: 'slow'
    })
    const value = new Uint8Array(1)
    master.hears('fast', { type: 'progress', progress: [{ ...ref(1, 2), value }] })
    master.hears('slow', { type: 'progress', progress: [{ ...ref(1, 1), value }] })
    expect(master.takeNotices('progress').map(({ worker }) => worker)).to.deep.equal(['slow'])
  })

  describe('after a restart of the master', () => {
    /** A new one that knows what the old one wrote, and that both workers have come back to. */
    function restarted(master: TestMaster): TestMaster {
      const next = aMaster({ isDurable: true })
      next.now = master.now
      next.restores(master)
      next.does({ type: 'recovered' })
      return next
    }

    const RUNS = { state: 'running' } as const

    it('go on with the second attempt; the first is ended, and its result refused', () => {
      const next = restarted(doubled())
      next.hears('slow', aHold({ attempts: [{ ...ref(1, 1), ...RUNS }] }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([ref(1, 1)])
      next.hears('fast', aHold({ attempts: [{ ...ref(1, 2), ...RUNS }] }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([])
      next.hearsReport('slow', [ref(1, 1)])
      expect(endOf(next)).to.deep.equal([])
      next.hearsReport('fast', [ref(1, 2)])
      expect(endOf(next)).to.deep.equal([['finished', 2, 'fast']])
    })

    it('go on with the first where the second had come to nothing, and use no number twice', () => {
      const master = doubled()
      master.hearsReport('fast', [ref(1, 2)], aResult('failure'))
      const next = restarted(master)
      next.hears('slow', aHold({ attempts: [{ ...ref(1, 1), ...RUNS }], slots: 1 }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([])
      next.hearsReport('slow', [ref(1, 1)], aResult('returned'))
      expect(leasesOf(next)).to.deep.equal({ slow: [ref(1, 3)] })
    })

    it('are found again, by what the others took before', () => {
      const next = restarted(behind())
      const attempts = [{ ...ref(1, 1), ...RUNS }]
      next.joined('slow', { attempts, slots: 1, credit: 0 })
      next.joined('fast', { slots: 4, credit: 20 })
      passes(next, LATE_MS)
      expect(leasesOf(next)).to.deep.equal({ fast: [ref(1, 2)] })
    })
  })
})
