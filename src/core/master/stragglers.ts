/**
 * A second attempt for a task that takes much longer than the others, of jobs that allow it: when
 * nothing else waits, on another worker that has a free slot. Whichever succeeds first ends the
 * task. Until then the end of one leaves the other: `outcome.ts`.
 *
 * A job is looked at once in a while, not at each event; that costs as much as it has stragglers.
 */
import type { Job } from '../job.ts'
import {
  IDLE_LOOK_MAX,
  STRAGGLER_MIN_MS,
  STRAGGLER_SAMPLE_MIN,
  STRAGGLER_TIMES,
  LOSSES_MAX,
  STRAGGLERS_LOOK_MAX
} from '../limits.ts'
import type { Hedge } from '../hedge.ts'
import type { Task } from '../task.ts'
import type { Millis } from '../types.ts'
import { lease } from './grant.ts'
import type { MasterState } from './state.ts'
import type { WorkerView } from './worker-view.ts'

/** A task's one attempt has started, or is the one that is left. */
export function noteRunning(state: MasterState, task: Task, now: Millis): void {
  const { job } = task
  if (job.hedge === undefined) return
  job.hedge.noteRunning(task, now)
  if (job.hedge.lookAt === Infinity) lookIn(state, job, job.hedge, STRAGGLER_MIN_MS, now)
}

function lookIn(state: MasterState, job: Job, hedge: Hedge, ms: Millis, now: Millis): void {
  hedge.lookAt = now + ms
  state.wakeAt({ at: hedge.lookAt, type: 'stragglers', job })
}

/** It is time to look at the job. */
export function onStragglers(state: MasterState, job: Job, at: Millis, now: Millis): void {
  const { hedge } = job
  if (hedge?.lookAt !== at || state.jobs.get(job.id) !== job) return
  hedge.lookAt = Infinity
  const longest = longestUsual(job, hedge)
  const mayHedge = longest !== undefined && job.need.waiting === 0 && !state.isDraining
  const waitMs = mayHedge ? hedgeAll(state, hedge, longest, now) : STRAGGLER_MIN_MS
  if (hedge.running.size > 0) lookIn(state, job, hedge, waitMs, now)
}

/**
 * How long a task may run before it is a straggler; undefined: too little is known. At first only
 * the fast ones have ended, so it takes as many as still run.
 */
function longestUsual({ counts }: Job, { runTimes }: Hedge): Millis | undefined {
  if (runTimes.count < STRAGGLER_SAMPLE_MIN) return undefined
  if (counts.finished < counts.running + counts.leased) return undefined
  return Math.max(STRAGGLER_TIMES * runTimes.median, STRAGGLER_MIN_MS)
}

/** Gives stragglers a second attempt. Returns when to look again. */
function hedgeAll(state: MasterState, hedge: Hedge, longest: Millis, now: Millis): Millis {
  let looks = STRAGGLERS_LOOK_MAX
  for (const [task, since] of hedge.running) {
    const leftMs = since + longest - now
    // What is usual may be less by then.
    if (leftMs > 0) return leftMs > 2 * STRAGGLER_MIN_MS ? Math.floor(leftMs / 2) : leftMs
    const view = takerOf(task, now)
    if (view !== undefined) leaseBeside(state, task, hedge, view, now)
    else if (--looks === 0) break
  }
  return STRAGGLER_MIN_MS
}

/** Another worker that would start it at once. */
function takerOf(task: Task, now: Millis): WorkerView | undefined {
  // If the workers of both attempts are lost, that alone must not give it up.
  if (task.losses + 2 >= LOSSES_MAX) return undefined
  const { job, avoids } = task
  let looks = IDLE_LOOK_MAX
  for (const view of job.need.idle) {
    if (looks-- === 0) return undefined
    if (view.id === task.worker || avoids?.includes(view.id) === true) continue
    if (view.freeSlots >= job.width && view.mayHoldMoreOf(job, now)) return view
  }
  return undefined
}

function leaseBeside(
  state: MasterState,
  task: Task,
  hedge: Hedge,
  view: WorkerView,
  now: Millis
): void {
  hedge.makePlace(task)
  view.hold(task)
  lease(state, view, [task], now)
  state.file(view, now)
}
