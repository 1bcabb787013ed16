/**
 * What workers tell of the attempts they have: started, on their way, ended.
 */
import { COMPANY_MS } from '../limits.ts'
import type { Progress, Report } from '../messages.ts'
import type { Task } from '../task.ts'
import type { AttemptRef, Millis, NodeId } from '../types.ts'
import { grant, grantAll } from './grant.ts'
import { judgeReturns } from './judge.ts'
import { conclude } from './outcome.ts'
import type { MasterState } from './state.ts'
import { noteRunning } from './stragglers.ts'
import type { WorkerView } from './worker-view.ts'

export function onStarted(
  state: MasterState,
  view: WorkerView,
  attempts: readonly AttemptRef[],
  now: Millis
): void {
  const started: AttemptRef[] = []
  for (const ref of attempts) {
    const task = state.jobs.get(ref.job)?.tasks.get(ref.task)
    if (task === undefined || !belongsTo(task, ref.attempt, view.id)) continue
    if (begin(state, task, view, now)) started.push(ref)
  }
  if (started.length === 0) return
  view.conduct.idleReturns = 0
  state.emit({ type: 'started', worker: view.id, attempts: started })
}

export function onProgress(
  state: MasterState,
  view: WorkerView,
  progress: readonly Progress[]
): void {
  for (const { job, task: number, attempt, value } of progress) {
    const task = state.jobs.get(job)?.tasks.get(number)
    if (task === undefined || !task.isHeld || !belongsTo(task, attempt, view.id)) continue
    // Of two attempts the older one is heard: what it said before belongs together.
    if ((task.job.hedge?.others.get(task)?.worker ?? view.id) !== view.id) continue
    state.emit({ type: 'progress', job, task: number, attempt, worker: view.id, value })
  }
}

export function onReport(
  state: MasterState,
  view: WorkerView,
  reports: readonly Report[],
  now: Millis
): void {
  const waitedBefore = state.waitingTasks
  let [ended, returned, lastReason] = [0, 0, '']
  for (const { job, task: number, attempt, result } of reports) {
    const task = state.jobs.get(job)?.tasks.get(number)
    // Of a superseded attempt, or the second copy of a report: accepted, so that it is dropped.
    if (task === undefined || !belongsTo(task, attempt, view.id)) continue
    lastReason = result.reason
    if (result.outcome === 'returned') returned++
    else ended++
    if (task.state === 'waiting') adopt(state, task, view)
    conclude(state, task, view, result, now)
  }
  judgeReturns(state, view, { ended, returned, lastReason }, now)
  const attempts = reports.map(({ job, task, attempt }) => ({ job, task, attempt }))
  state.send(view, { type: 'accepted', attempts }, COMPANY_MS)
  state.file(view, now)
  if (state.waitingTasks > waitedBefore) grantAll(state, now)
  else grant(state, view, now)
}

/** The attempt is the task's last, or one of two, by this worker, and has not been reported. */
export function belongsTo(task: Task, attempt: number, worker: NodeId): boolean {
  if (task.attempt === attempt && task.worker === worker) return task.isReportDue
  const other = task.job.hedge?.others.get(task)
  return other?.attempt === attempt && other.worker === worker
}

/** A report of this attempt by this worker would count. */
export function isReportDue(
  state: MasterState,
  worker: NodeId,
  { job, task: number, attempt }: AttemptRef
): boolean {
  const task = state.jobs.get(job)?.tasks.get(number)
  return task !== undefined && belongsTo(task, attempt, worker)
}

/** Lets an attempt go on whose lease had expired, since nobody else has the task yet. */
export function adopt(state: MasterState, task: Task, view: WorkerView): void {
  task.job.move(task, 'leased')
  state.uncountWaiting(task.job)
  view.hold(task)
  // Its worker was not lost after all.
  if (task.countsLoss) task.losses--
  task.countsLoss = false
}

/** The worker has started its attempt; false if that is known, or it does not hold it any more. */
export function begin(state: MasterState, task: Task, view: WorkerView, now: Millis): boolean {
  if (task.isDouble) return task.job.hedge?.noteStarted(task, view.id) === true
  if (task.state !== 'leased') return false
  task.job.move(task, 'running')
  task.hasStarted = true
  noteRunning(state, task, now)
  return true
}
