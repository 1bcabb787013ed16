/**
 * What users do: submit, add, close, cancel.
 */
import { assert } from '../assert.ts'
import { P2pJobsError } from '../errors.ts'
import type { Job } from '../job.ts'
import { JOBS_MAX, TASKS_MAX } from '../limits.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, Payload } from '../types.ts'
import { awaitOthers } from './consequences.ts'
import { endAll } from './endings.ts'
import type { MasterEvent } from './events.ts'
import { checkFailures, endJob } from './outcome.ts'
import type { MasterState } from './state.ts'

/** Why no further job can be submitted now. To be asked before: the machine ignores such a one. */
export function submitRefusal(state: MasterState): P2pJobsError | undefined {
  return state.jobs.size < JOBS_MAX ? undefined : tooManyJobs()
}

/** What is said of a job that would be one too many. */
export function tooManyJobs(): P2pJobsError {
  const open = `this master has ${JOBS_MAX} jobs that have not ended`
  return new P2pJobsError('LIMIT', `${open}, and takes no more: submit again when one has ended`)
}

/** What is said of tasks that would be too many for a job that has so many. */
export function tooManyTasks(has: number): P2pJobsError {
  const most = `a job has at most ${TASKS_MAX} tasks`
  return new P2pJobsError('LIMIT', `${most}, and this one has ${has}: begin another job`)
}

/** Why a job cannot have so many further tasks. To be asked before: the machine ignores them. */
export function addRefusal(state: MasterState, id: JobId, tasks: number): P2pJobsError | undefined {
  const job = state.jobs.get(id)
  if (job === undefined || job.lastTask + tasks <= TASKS_MAX) return undefined
  return tooManyTasks(job.lastTask)
}

type Submit = Extract<MasterEvent, { type: 'submit' }>

export function onSubmit(state: MasterState, submit: Submit, now: Millis): void {
  if (submitRefusal(state) !== undefined) return
  const { job: id, spec, options, ends = [] } = submit
  assert(!state.jobs.has(id), `job ${id} is submitted twice`)
  const job = state.addJob(id, spec, options, now)
  state.record({ type: 'submitted', job: id, spec, options })
  awaitOthers(state, job, ends)
}

export function onAdd(
  state: MasterState,
  id: JobId,
  inputs: readonly Payload[],
  now: Millis
): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true || addRefusal(state, id, inputs.length) !== undefined) return
  const first = job.lastTask + 1
  for (const input of inputs) job.add(input)
  state.countWaiting(job, inputs.length)
  state.record({ type: 'added', job: id, first, inputs })
  if (job.doom !== undefined) state.doomed.add(job)
  else if (inputs.length > 0) awaitStarts(state, job, now)
}

/** By when the tasks up to the last one have to have started. */
export function awaitStarts(state: MasterState, job: Job, now: Millis): void {
  const { startDeadlines } = job
  if (startDeadlines === undefined) return
  const isWatched = startDeadlines.next !== undefined
  startDeadlines.add(job.lastTask, now)
  if (!isWatched) watchStarts(state, job)
}

function watchStarts(state: MasterState, job: Job): void {
  const at = job.startDeadlines?.next
  if (at !== undefined) state.wakeAt({ at, type: 'start', job })
}

/** Aborts the tasks of the job that no worker has started in time. */
export function onStartDeadline(state: MasterState, job: Job, now: Millis): void {
  if (state.jobs.get(job.id) !== job || job.startDeadlines === undefined) return
  const late: Task[] = []
  for (const number of job.startDeadlines.take(now)) {
    const task = job.tasks.get(number)
    if (task?.hasStarted === false) late.push(task)
  }
  watchStarts(state, job)
  const seconds = (job.options.startWithinMs ?? 0) / 1000
  endAll(state, late, 'aborted', `no worker started it within ${seconds} s`, now)
}

export function onClose(state: MasterState, id: JobId): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true) return
  job.isOpen = false
  state.record({ type: 'closed', job: id })
  checkFailures(state, job)
  endJob(state, { job })
}

/** Ends every task of the job here, and asks the workers to end theirs. */
export function onCancel(state: MasterState, id: JobId, reason: string, now: Millis): void {
  const job = state.jobs.get(id)
  if (job === undefined) return
  // Whatever it waits for, it waits no more.
  job.awaits.clear()
  onClose(state, id)
  endAll(state, [...job.tasks.values()], 'canceled', reason, now)
  endJob(state, { job })
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
  endAll(state, tasks, 'canceled', reason, now)
}
