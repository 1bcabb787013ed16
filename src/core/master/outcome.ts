/**
 * What becomes of a task when an attempt of it is over.
 */
import { unreachable } from '../assert.ts'
import { COMPANY_MS, CRASHES_MAX, LOSSES_MAX, REFUSALS_MAX } from '../limits.ts'
import type { Job } from '../job.ts'
import { emptyResult } from '../result.ts'
import type { Result } from '../result.ts'
import type { EndState, Task } from '../task.ts'
import type { Millis, NodeId } from '../types.ts'
import type { SetbackCounters } from './journal.ts'
import type { MasterState } from './state.ts'
import { judge } from './judge.ts'
import { noteRunning } from './stragglers.ts'
import type { WorkerView } from './worker-view.ts'

/** Takes the result of the task's last attempt, reported by the worker that had its lease. */
export function conclude(
  state: MasterState,
  task: Task,
  view: WorkerView,
  result: Result,
  now: Millis
): void {
  task.job.hedge?.turnTo(task, view.id)
  release(state, task)
  task.isReportDue = false
  if (result.outcome !== 'returned') view.countEnd(task.job, now)
  judge(state, task.job, view, result, now)
  if (task.isDouble && result.outcome !== 'success') {
    // It may be the machine: only the last attempt's own end is held against the task.
    if (result.outcome !== 'returned') avoid(task, view.id)
    goOn(state, task, result.reason, now)
    return
  }
  switch (result.outcome) {
    case 'success':
      task.job.hedge?.runTimes.add(result.runtimeMs)
      settle(state, task, 'finished', view.id, result)
      return
    case 'failure':
    case 'timeout':
      if (task.failures < task.job.options.retries) {
        task.failures++
        retry(state, task, view.id, result.reason, task.failures, now)
      } else settle(state, task, 'failed', view.id, result)
      return
    case 'crash':
      task.crashes++
      if (task.crashes < crashesMax(task))
        retry(state, task, view.id, result.reason, task.crashes, now)
      else settle(state, task, 'failed', view.id, result)
      return
    case 'refused':
      task.refusals++
      if (task.refusals < REFUSALS_MAX)
        retry(state, task, view.id, result.reason, task.refusals, now)
      else settle(state, task, 'failed', view.id, result)
      return
    case 'returned':
      putBack(state, task, result.reason)
      return
    default:
      unreachable(result.outcome)
  }
}

/** A process of its own ends as it ends: that is its result. */
function crashesMax({ job: { spec, options } }: Task): number {
  return spec.kind === 'function' && spec.isAlone ? 1 : (options.crashesMax ?? CRASHES_MAX)
}

/** The worker is gone with the attempt, or never got it. Its report would still be taken. */
export function lose(
  state: MasterState,
  task: Task,
  worker: NodeId,
  reason: string,
  now: Millis
): void {
  task.job.hedge?.turnTo(task, worker)
  const hadStarted = hasOwnStarted(task)
  release(state, task)
  if (hadStarted) task.losses++
  task.countsLoss = hadStarted
  if (task.losses < LOSSES_MAX) {
    if (task.isDouble) goOn(state, task, reason, now)
    else putBack(state, task, reason)
    return
  }
  const evidence = `given up: ${task.losses} workers were lost while they ran it, ${task.worker ?? '?'} last (${reason})`
  settle(state, task, 'aborted', task.worker, emptyResult('failure', evidence))
}

function hasOwnStarted(task: Task): boolean {
  return task.job.hedge?.others.get(task)?.hasOwnStarted ?? task.state === 'running'
}

/** Of two attempts the task's own came to nothing: the other one is its own now. */
function goOn(state: MasterState, task: Task, reason: string, now: Millis): void {
  noteSetback(state, task, reason, 0)
  const hasStarted = task.job.hedge?.goOn(task) === true
  task.isReportDue = true
  task.countsLoss = false
  task.job.move(task, hasStarted ? 'running' : 'leased')
  if (hasStarted) noteRunning(state, task, now)
  noteAdopted(state, task)
}

/** The attempt of its worker is the task's. */
export function noteAdopted(state: MasterState, task: Task): void {
  const { ref, worker } = task
  if (worker === undefined) return
  state.record({ type: 'adopted', ...ref, worker, counters: countersOf(task) })
}

/** Ends a task, with its one recorded result. */
export function settle(
  state: MasterState,
  task: Task,
  end: EndState,
  worker: NodeId | undefined,
  result: Result
): void {
  const { job, number, attempt } = task
  const hasWaited = task.state === 'waiting'
  release(state, task)
  callOff(state, task, end)
  job.end(task, end)
  if (hasWaited) state.uncountWaiting(job)
  // One object for both, its fields one by one: this is done for every task.
  const settled = {
    type: 'settled',
    job: job.id,
    task: number,
    attempt,
    state: end,
    worker,
    result
  } as const
  state.record(settled)
  state.emit(settled)
  if (end === 'failed' || end === 'aborted') checkFailures(state, job)
  endJob(state, task)
}

/** A task has ended: if another attempt of it is out, that is no longer needed. */
function callOff(state: MasterState, task: Task, end: EndState): void {
  const other = task.job.hedge?.end(task)
  const view = other && state.workers.get(other.worker)
  if (other === undefined || view === undefined) return
  view.release(task)
  state.relieved.add(view)
  const ref = { ...task.ref, attempt: other.attempt }
  state.send(view, { type: 'cancel', attempts: [ref] })
  if (end !== 'finished') return
  const reason = `attempt ${task.attempt} was first`
  state.record({ type: 'setback', ...ref, worker: view.id, reason, counters: countersOf(task) })
}

/** Gives up a job of which more tasks have failed than may. */
export function checkFailures(state: MasterState, job: Job): void {
  const { failsMax } = job.options
  if (failsMax === undefined || job.doom !== undefined || !job.hasFailedEnough) return
  const limit = 'tasks' in failsMax ? failsMax.tasks : `${failsMax.percent}%`
  state.doom(job, `not run: more than ${limit} of the tasks of job ${job.id} failed, its limit`)
}

/** Takes the task out of its worker's hands, as far as the master is concerned. */
function release(state: MasterState, task: Task): void {
  if (!task.isHeld || task.worker === undefined) return
  task.job.hedge?.noteOver(task)
  state.workers.get(task.worker)?.release(task)
}

function putBack(state: MasterState, task: Task, reason: string): void {
  task.job.move(task, 'waiting')
  task.job.waiting.putBack(task)
  state.countWaiting(task.job, 1)
  noteSetback(state, task, reason, 0)
}

function retry(
  state: MasterState,
  task: Task,
  worker: NodeId,
  reason: string,
  times: number,
  now: Millis
): void {
  avoid(task, worker)
  const delayMs = state.backoff(times, task.job.options.backoff)
  task.retryAt = now + delayMs
  task.job.move(task, 'retrying')
  state.wakeAt({ at: task.retryAt, type: 'retry', task })
  noteSetback(state, task, reason, delayMs)
}

function avoid(task: Task, worker: NodeId): void {
  task.avoids ??= []
  if (!task.avoids.includes(worker)) task.avoids.push(worker)
}

/** Makes a task wait again whose time to be retried has come. */
export function resume(state: MasterState, task: Task): void {
  task.job.move(task, 'waiting')
  task.job.waiting.putBack(task)
  state.countWaiting(task.job, 1)
}

function noteSetback(state: MasterState, task: Task, reason: string, delayMs: Millis): void {
  const { ref, worker } = task
  task.lastReason = reason
  state.record({ type: 'setback', ...ref, worker, reason, counters: countersOf(task) })
  if (worker !== undefined) state.emit({ type: 'setback', ...ref, worker, reason, delayMs })
}

/** What has gone wrong with the task so far, to be written down. */
export function countersOf(task: Task): SetbackCounters {
  const { failures, crashes, losses, refusals, isReportDue, countsLoss, avoids = [] } = task
  const { attempt, lastAttempt } = task
  return {
    ...{ failures, crashes, losses, refusals, isReportDue, countsLoss, avoids: [...avoids] },
    ...(lastAttempt > attempt ? { lastAttempt } : {})
  }
}

/** Says that a job has ended, if it has, and forgets it. */
export function endJob(state: MasterState, { job }: Pick<Task, 'job'>): void {
  if (!job.hasEnded || !state.dropJob(job)) return
  for (const worker of job.toldWorkers) {
    const view = state.workers.get(worker)
    if (view?.forgetJob(job.id) === true)
      state.send(view, { type: 'forget', job: job.id }, COMPANY_MS)
  }
  const counts = { ...job.counts }
  const { finished, failed, canceled, aborted } = counts
  state.noteEnd({ type: 'end', job: job.id, counts: { finished, failed, canceled, aborted } })
  state.record({ type: 'ended', job: job.id, counts })
  state.emit({ type: 'ended', job: job.id, counts })
}
