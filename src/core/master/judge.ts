/**
 * Notices a "black hole": a worker on which everything fails at once drains the queue faster than
 * any other. It is given a rest.
 *
 * Tasks that fail at once are nothing unusual, so it takes proof: it could not even start them, or
 * others succeed with the same job. While others still work on their first tasks of the job there
 * is no proof either way, and a few short rests keep the queue from being empty by then.
 */
import type { Job } from '../job.ts'
import {
  FAST_FAILURE_MS,
  FAST_FAILURES_MAX,
  IDLE_RETURNS_MAX,
  UNPROVEN_RESTS_MAX
} from '../limits.ts'
import type { Result } from '../result.ts'
import type { Millis } from '../types.ts'
import type { MasterState } from './state.ts'
import type { WorkerView } from './worker-view.ts'

/** Takes note of how an attempt ended on a worker. */
export function judge(
  state: MasterState,
  job: Job,
  view: WorkerView,
  result: Result,
  now: Millis
): void {
  const { conduct } = view
  const { outcome, runtimeMs } = result
  if (outcome === 'returned') return
  conduct.lastRefusal = outcome === 'refused' ? result.reason : ''
  // A function that threw has run: that is its own result, and the worker is well.
  const hasRun = outcome === 'success' || (outcome === 'failure' && job.spec.kind === 'function')
  if (hasRun) {
    job.succeededOn = view.id
    conduct.fastFailures = 0
    conduct.rests = 0
    return
  }
  job.noteFailure(view.id)
  if (outcome !== 'refused' && runtimeMs >= FAST_FAILURE_MS) return
  conduct.fastFailures++
  if (conduct.fastFailures < FAST_FAILURES_MAX || conduct.restUntil > now) return
  if (outcome === 'refused' || isSuspect(state, job, view))
    giveRest(state, view, result.reason, now)
}

/** Takes note of a report: one that gives everything back, and starts nothing, again and again. */
export function judgeReturns(
  state: MasterState,
  view: WorkerView,
  { ended, returned, lastReason }: { ended: number; returned: number; lastReason: string },
  now: Millis
): void {
  const { conduct } = view
  if (ended > 0) conduct.idleReturns = 0
  else if (returned > 0) conduct.idleReturns++
  if (conduct.idleReturns > IDLE_RETURNS_MAX && conduct.restUntil <= now) {
    giveRest(state, view, lastReason, now)
  }
}

function isSuspect(state: MasterState, job: Job, view: WorkerView): boolean {
  const succeeded = job.succeededOn
  if (succeeded !== undefined) return succeeded !== view.id
  const isAlone = state.connectedWorkers < 2
  return !isAlone && job.failedOn.length < 2 && view.conduct.rests < UNPROVEN_RESTS_MAX
}

function giveRest(state: MasterState, view: WorkerView, reason: string, now: Millis): void {
  const { conduct, id: worker } = view
  conduct.restReason = reason
  conduct.rests++
  const restMs = state.backoff(conduct.rests)
  conduct.restUntil = now + restMs
  state.wakeAt({ at: conduct.restUntil, type: 'rest', worker })
  state.emit({ type: 'resting', worker, name: view.name, restMs })
}
