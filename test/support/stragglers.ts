/**
 * A master with a straggler, and one whose straggler has two attempts: task 1 of its first job.
 */
import { expect } from 'chai'
import type { JobOptions } from '../../src/core/job.ts'
import { STRAGGLER_MIN_MS } from '../../src/core/limits.ts'
import { explain } from '../../src/core/master/explain.ts'
import type { AttemptRef, JobId } from '../../src/core/types.ts'
import { aHold, aMaster, aResult, ref } from './machines.ts'
import type { TestMaster } from './machines.ts'

export const HEDGED: Partial<JobOptions> = { hedge: true }
/** How long the usual tasks take, and when one that runs is a straggler for sure. */
export const USUAL_MS = 2_000
export const LATE_MS = 4 * USUAL_MS

/** Lets time pass while everybody renews. */
export function passes(
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
export function behind(options: Partial<JobOptions> = HEDGED, tasks = 5): TestMaster {
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
export function doubled(options: Partial<JobOptions> = HEDGED): TestMaster {
  const master = behind(options)
  passes(master, LATE_MS)
  expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  master.hears('fast', { type: 'started', attempts: [ref(1, 2)] })
  for (const kind of ['send', 'emit'] as const) master.take(kind)
  return master
}

/** Takes out every message, and returns what was leased last to whom. */
export function leasesOf(master: TestMaster): Record<string, AttemptRef[]> {
  const leases: Record<string, AttemptRef[]> = {}
  for (const { worker, message } of master.take('send')) {
    if (message.type !== 'leases') continue
    for (const { job, task, attempt } of message.leases) {
      if (task === 1 && attempt > 1) (leases[worker] ??= []).push({ job, task, attempt })
    }
  }
  return leases
}

export function cancelsOf(master: TestMaster): Record<string, readonly AttemptRef[]> {
  const cancels: Record<string, readonly AttemptRef[]> = {}
  for (const { worker, message } of master.take('send')) {
    if (message.type === 'cancel') cancels[worker] = message.attempts
  }
  return cancels
}

export function endOf(master: TestMaster): unknown[] {
  return master
    .takeNotices('settled')
    .filter(({ task }) => task === 1)
    .map(({ state, attempt, worker }) => [state, attempt, worker])
}

export function whys(master: TestMaster): unknown[] {
  return explain(master.machine.state, 1 as JobId, 1, master.now)
}
