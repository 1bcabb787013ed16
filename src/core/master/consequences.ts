/**
 * What follows from an event once it has been dealt with: jobs that are given up, and jobs that
 * waited for others. One may bring about the next, so this goes on until nothing follows any more.
 */
import type { Dependency, Job } from '../job.ts'
import type { JobId, Millis } from '../types.ts'
import { endAll } from './endings.ts'
import { grantAll } from './grant.ts'
import type { SavedEnd } from './journal.ts'
import { endJob } from './outcome.ts'
import type { MasterState } from './state.ts'

/** Lets everything happen that an event has brought about. */
export function followUp(state: MasterState, now: Millis): void {
  let hasChanged = false
  for (;;) {
    const [job] = state.doomed
    if (job !== undefined) {
      state.doomed.delete(job)
      hasChanged = true
      endAll(state, [...job.tasks.values()], 'aborted', job.doom ?? '', now)
      endJob(state, { job })
      continue
    }
    const [view] = state.relieved
    if (view !== undefined) {
      state.relieved.delete(view)
      hasChanged = true
      if (state.workers.get(view.id) === view) state.file(view, now)
      continue
    }
    const end = state.ends.shift()
    if (end === undefined) break
    const awaiters = state.awaiters.get(end.job)
    if (awaiters === undefined) continue
    hasChanged = true
    state.awaiters.delete(end.job)
    for (const awaiter of awaiters) if (state.jobs.has(awaiter.id)) meet(state, awaiter, end)
  }
  if (hasChanged) grantAll(state, now)
}

/** Lets a new job wait for those it names. */
export function awaitOthers(state: MasterState, job: Job, ends: readonly SavedEnd[]): void {
  for (const dependency of job.options.after ?? []) {
    const end = endOf(state, dependency.job, ends)
    if (state.jobs.has(dependency.job) && dependency.job < job.id) state.holdBack(job, dependency)
    else if (end === undefined) state.doom(job, unknown(dependency))
    else if (!isMet(dependency, end)) state.doom(job, notMet(dependency))
  }
}

function endOf(state: MasterState, job: JobId, ends: readonly SavedEnd[]): SavedEnd | undefined {
  return ends.find((each) => each.job === job) ?? state.lastEnds.get(job)
}

/** The same for a job that was restored: ends are restored after it. */
export function awaitAll(state: MasterState, job: Job): void {
  for (const dependency of job.options.after ?? []) {
    if (dependency.job < job.id) state.holdBack(job, dependency)
    else state.doom(job, unknown(dependency))
  }
}

/** Gives up the restored jobs that wait for what nobody knows of. */
export function doomLost(state: MasterState): void {
  for (const [awaited, awaiters] of state.awaiters) {
    if (state.jobs.has(awaited)) continue
    state.awaiters.delete(awaited)
    for (const job of awaiters) {
      const needs = job.awaits.get(awaited)
      if (needs !== undefined) state.doom(job, unknown({ job: awaited, needs }))
    }
  }
}

/** A job has ended for which this one waited, or may have. */
function meet(state: MasterState, job: Job, end: SavedEnd): void {
  const needs = job.awaits.get(end.job)
  if (needs === undefined) return
  const dependency = { job: end.job, needs }
  if (!isMet(dependency, end)) {
    state.doom(job, notMet(dependency))
    return
  }
  state.letGo(job, end.job)
  endJob(state, { job })
}

function isMet({ needs }: Dependency, { counts }: SavedEnd): boolean {
  return needs === 'any' || counts.failed + counts.canceled + counts.aborted === 0
}

function notMet({ job }: Dependency): string {
  return `not run: job ${job}, which it comes after, did not end well`
}

function unknown({ job }: Dependency): string {
  return `not run: job ${job}, which it comes after, is not known`
}
