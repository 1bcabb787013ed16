/**
 * Why a job or a task does not run, or where it does. For people who ask: it looks at all workers,
 * and of a job at all its tasks, so nothing else does.
 */
import type { OtherAttempt } from '../hedge.ts'
import type { Job } from '../job.ts'
import { ELSEWHERE_FIRST_MS } from '../limits.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, NodeId } from '../types.ts'
import { lacksOf } from './lacks.ts'
import type { Lack } from './lacks.ts'
import type { MasterState } from './state.ts'
import type { WorkerView } from './worker-view.ts'

export type Explanation =
  /** There is no such job or task, or it has ended. */
  | { readonly type: 'not-here' }
  | { readonly type: 'waits-for-job'; readonly job: JobId; readonly needs: 'ok' | 'any' }
  /** Nobody has added tasks, or all that were added have ended. */
  | { readonly type: 'no-tasks' }
  | { readonly type: 'under-way'; readonly running: number; readonly leased: number }
  | { readonly type: 'runs'; readonly worker: string; readonly attempt: number }
  /** A worker has it, and has not started it. */
  | { readonly type: 'leased'; readonly worker: string; readonly attempt: number }
  | {
      readonly type: 'backing-off'
      readonly task: number
      readonly attempt: number
      readonly forMs: Millis
      readonly reason: string
    }
  | { readonly type: 'master-drains' }
  | { readonly type: 'no-worker' }
  | Lack
  | { readonly type: 'workers-drain'; readonly workers: number }
  /** `reason`: what the last attempt there came to, of those because of which it rests. */
  | {
      readonly type: 'resting'
      readonly worker: string
      readonly forMs: Millis
      readonly reason: string
    }
  /** It has a free slot and offers none; `reason`: why it could not run what it had last. */
  | { readonly type: 'takes-nothing'; readonly worker: string; readonly reason: string }
  /** It failed on some of them, and another one comes first for so long. */
  | { readonly type: 'elsewhere-first'; readonly forMs: Millis; readonly others: number }
  /** So many workers suit, and of those so many have no free slot, ... */
  | { readonly type: 'no-slot'; readonly suit: number; readonly workers: number }
  /** ... have not enough left of what it takes beside other tasks, ... */
  | { readonly type: 'no-room'; readonly suit: number; readonly workers: number }
  /** ... or have as many tasks of the job as it allows. */
  | { readonly type: 'job-limit'; readonly suit: number; readonly workers: number }
  /** Nothing stands in its way but that others come first. */
  | { readonly type: 'others-first' }

/** Of a job as a whole, or of one task of it. */
export function explain(
  state: MasterState,
  id: JobId,
  number: number | undefined,
  now: Millis
): Explanation[] {
  const job = state.jobs.get(id)
  if (job === undefined) return [{ type: 'not-here' }]
  if (number === undefined) return explainJob(state, job, now)
  const task = job.tasks.get(number)
  return task === undefined ? [{ type: 'not-here' }] : explainTask(state, task, now)
}

function explainJob(state: MasterState, job: Job, now: Millis): Explanation[] {
  const { running, leased, waiting, retrying } = job.counts
  const reasons: Explanation[] = waits(job)
  if (running + leased > 0) reasons.push({ type: 'under-way', running, leased })
  if (retrying > 0) reasons.push(...firstRetry(job, now))
  if (job.awaits.size === 0 && waiting > 0) reasons.push(...whyWaiting(state, job, undefined, now))
  return reasons.length > 0 ? reasons : [{ type: 'no-tasks' }]
}

function explainTask(state: MasterState, task: Task, now: Millis): Explanation[] {
  const { job, attempt, worker } = task
  if (task.isHeld) {
    const other = job.hedge?.others.get(task)
    const hasStarted = other?.hasOwnStarted ?? task.state === 'running'
    const own = underWay(state, { attempt, worker, hasStarted })
    return other === undefined ? [own] : [underWay(state, other), own]
  }
  if (task.state === 'retrying') return [backingOff(task, now)]
  return job.awaits.size > 0 ? waits(job) : whyWaiting(state, job, task, now)
}

function underWay(
  state: MasterState,
  attempt: Pick<OtherAttempt, 'attempt' | 'hasStarted'> & { worker: NodeId | undefined }
): Explanation {
  const type = attempt.hasStarted ? 'runs' : 'leased'
  return { type, worker: nameOf(state, attempt.worker), attempt: attempt.attempt }
}

function waits({ awaits }: Job): Explanation[] {
  return [...awaits].map(([job, needs]) => ({ type: 'waits-for-job', job, needs }))
}

function firstRetry(job: Job, now: Millis): Explanation[] {
  let first: Task | undefined
  for (const task of job.tasks.values()) {
    if (task.state !== 'retrying') continue
    if (first === undefined || task.retryAt < first.retryAt) first = task
  }
  return first === undefined ? [] : [backingOff(first, now)]
}

function backingOff({ number, attempt, retryAt, lastReason = '' }: Task, now: Millis): Explanation {
  const forMs = Math.max(0, retryAt - now)
  return { type: 'backing-off', task: number, attempt, forMs, reason: lastReason }
}

function whyWaiting(
  state: MasterState,
  job: Job,
  task: Task | undefined,
  now: Millis
): Explanation[] {
  if (state.isDraining) return [{ type: 'master-drains' }]
  const workers = [...state.workers.values()].filter(
    ({ session, slots }) => session !== undefined && slots > 0
  )
  if (workers.length === 0) return [{ type: 'no-worker' }]
  const lacks = lacksOf(job.need, workers)
  if (lacks.length > 0) return lacks
  const suitors = [...job.need.suitors]
  if (suitors.length === 0) {
    const suiting = workers.filter((view) => job.need.suits(view))
    return [{ type: 'workers-drain', workers: suiting.length }]
  }
  return whyNotNow(job, task, suitors, now)
}

/** What keeps the workers that suit from having it. */
function whyNotNow(
  job: Job,
  task: Task | undefined,
  suitors: readonly WorkerView[],
  now: Millis
): Explanation[] {
  const reasons: Explanation[] = []
  const suit = suitors.length
  const avoided = suitors.filter(({ id }) => task?.avoids?.includes(id) === true)
  const forMs = (task?.retryAt ?? 0) + ELSEWHERE_FIRST_MS - now
  const counts = { 'no-slot': 0, 'no-room': 0, 'job-limit': 0 }
  const waitsForOthers = forMs > 0 && avoided.length > 0 && avoided.length < suit
  for (const view of suitors) {
    if (waitsForOthers && avoided.includes(view)) continue
    const own = whyIdle(view, now)
    if (own !== undefined) reasons.push(own)
    else if (!view.mayHoldMoreOf(job, now)) counts['job-limit']++
    else if (!view.fits(job.need.demand)) counts['no-room']++
    else if (view.openCredit <= 0) counts['no-slot']++
  }
  if (waitsForOthers) {
    reasons.push({ type: 'elsewhere-first', forMs, others: suit - avoided.length })
  }
  for (const type of ['no-slot', 'no-room', 'job-limit'] as const) {
    if (counts[type] > 0) reasons.push({ type, suit, workers: counts[type] })
  }
  return reasons.length > 0 ? reasons : [{ type: 'others-first' }]
}

/** Why a worker has nothing to do with any job now, for a reason of its own. */
function whyIdle(view: WorkerView, now: Millis): Explanation | undefined {
  const { name: worker, conduct } = view
  const forMs = conduct.restUntil - now
  if (forMs > 0) return { type: 'resting', worker, forMs, reason: conduct.restReason }
  const reason = conduct.lastRefusal
  if (reason === '' || view.openCredit > 0 || view.freeSlots === 0) return undefined
  return { type: 'takes-nothing', worker, reason }
}

function nameOf({ workers }: MasterState, worker: NodeId | undefined): string {
  if (worker === undefined) return ''
  const name = workers.get(worker)?.name ?? ''
  return name === '' ? worker : name
}
