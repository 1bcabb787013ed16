/**
 * What users do: submit, add, close, cancel.
 */
import { assert } from '../assert.ts'
import { P2pJobsError } from '../errors.ts'
import type { JobOptions } from '../job.ts'
import { Job } from '../job.ts'
import { JOBS_MAX, TASKS_MAX } from '../limits.ts'
import { emptyResult } from '../result.ts'
import { inMessages } from '../split.ts'
import type { Spec } from '../spec.ts'
import type { Task } from '../task.ts'
import type { AttemptRef, JobId, Millis, NodeId, Payload } from '../types.ts'
import { endJob, settle } from './outcome.ts'
import type { MasterState } from './state.ts'

/** Why no further job can be submitted now. To be asked before: the machine ignores such a one. */
export function submitRefusal(state: MasterState): P2pJobsError | undefined {
  if (state.jobs.size < JOBS_MAX) return undefined
  const open = `this master has ${JOBS_MAX} jobs that have not ended`
  return new P2pJobsError('LIMIT', `${open}, and takes no more: submit again when one has ended`)
}

/** Why a job cannot have so many further tasks. To be asked before: the machine ignores them. */
export function addRefusal(state: MasterState, id: JobId, tasks: number): P2pJobsError | undefined {
  const job = state.jobs.get(id)
  if (job === undefined || job.lastTask + tasks <= TASKS_MAX) return undefined
  const most = `a job has at most ${TASKS_MAX} tasks`
  return new P2pJobsError('LIMIT', `${most}, and this one has ${job.lastTask}: begin another job`)
}

export function onSubmit(state: MasterState, id: JobId, spec: Spec, options: JobOptions): void {
  if (submitRefusal(state) !== undefined) return
  assert(!state.jobs.has(id), `job ${id} is submitted twice`)
  state.nextJob = Math.max(state.nextJob, id + 1)
  state.jobs.set(id, new Job(id, spec, options))
  state.record({ type: 'submitted', job: id, spec, options })
}

export function onAdd(state: MasterState, id: JobId, inputs: readonly Payload[]): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true || addRefusal(state, id, inputs.length) !== undefined) return
  const first = job.lastTask + 1
  for (const input of inputs) job.add(input)
  state.countWaiting(job, inputs.length)
  state.record({ type: 'added', job: id, first, inputs })
}

export function onClose(state: MasterState, id: JobId): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true) return
  job.isOpen = false
  state.record({ type: 'closed', job: id })
  endJob(state, { job })
}

/** Ends every task of the job here, and asks the workers to end theirs. */
export function onCancel(state: MasterState, id: JobId, reason: string, now: Millis): void {
  const job = state.jobs.get(id)
  if (job === undefined) return
  askToStop(state, job.tasks.values())
  onClose(state, id)
  endAll(state, [...job.tasks.values()], reason, now)
}

/** The same for some of its tasks. */
export function onCancelTasks(
  state: MasterState,
  id: JobId,
  numbers: readonly number[],
  reason: string,
  now: Millis
): void {
  const job = state.jobs.get(id)
  const tasks = [...new Set(numbers)]
    .map((number) => job?.tasks.get(number))
    .filter((task) => task !== undefined)
  askToStop(state, tasks)
  endAll(state, tasks, reason, now)
}

function askToStop(state: MasterState, tasks: Iterable<Task>): void {
  const running = new Map<NodeId, AttemptRef[]>()
  for (const task of tasks) {
    if (!task.isHeld || task.worker === undefined) continue
    const attempts = running.get(task.worker) ?? []
    if (attempts.push(task.ref) === 1) running.set(task.worker, attempts)
  }
  for (const [worker, attempts] of running) {
    const view = state.workers.get(worker)
    if (view === undefined) continue
    for (const part of inMessages(attempts, () => 0)) {
      state.send(view, { type: 'cancel', attempts: part })
    }
  }
}

function endAll(state: MasterState, tasks: readonly Task[], reason: string, now: Millis): void {
  const workers = new Set<NodeId>()
  const result = emptyResult('failure', reason)
  for (const task of tasks) {
    if (task.isHeld && task.worker !== undefined) workers.add(task.worker)
    settle(state, task, 'canceled', task.worker, result)
  }
  // They hold less now.
  for (const worker of workers) {
    const view = state.workers.get(worker)
    if (view !== undefined) state.file(view, now)
  }
}
