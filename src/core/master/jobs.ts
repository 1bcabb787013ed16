/**
 * What users do: submit, add, close, cancel.
 */
import type { JobOptions } from '../job.ts'
import { Job } from '../job.ts'
import { emptyResult } from '../result.ts'
import { inMessages } from '../split.ts'
import type { Spec } from '../spec.ts'
import type { Task } from '../task.ts'
import type { AttemptRef, JobId, NodeId, Payload } from '../types.ts'
import { endJob, settle } from './outcome.ts'
import type { MasterState } from './state.ts'

export function onSubmit(state: MasterState, id: JobId, spec: Spec, options: JobOptions): void {
  state.nextJob = Math.max(state.nextJob, id + 1)
  state.jobs.set(id, new Job(id, spec, options))
  state.record({ type: 'submitted', job: id, spec, options })
}

export function onAdd(state: MasterState, id: JobId, inputs: readonly Payload[]): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true) return
  for (const input of inputs) job.add(input)
  state.countWaiting(job, inputs.length)
  state.record({ type: 'added', job: id, inputs })
}

export function onClose(state: MasterState, id: JobId): void {
  const job = state.jobs.get(id)
  if (job?.isOpen !== true) return
  job.isOpen = false
  state.record({ type: 'closed', job: id })
  endJob(state, { job })
}

/** Ends every task of the job here, and asks the workers to end theirs. */
export function onCancel(state: MasterState, id: JobId, reason: string): void {
  const job = state.jobs.get(id)
  if (job === undefined) return
  askToStop(state, job.tasks.values())
  onClose(state, id)
  endAll(state, [...job.tasks.values()], reason)
}

/** The same for some of its tasks. */
export function onCancelTasks(
  state: MasterState,
  id: JobId,
  numbers: readonly number[],
  reason: string
): void {
  const job = state.jobs.get(id)
  const tasks = numbers.map((number) => job?.tasks.get(number)).filter((task) => task !== undefined)
  askToStop(state, tasks)
  endAll(state, tasks, reason)
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

function endAll(state: MasterState, tasks: readonly Task[], reason: string): void {
  const result = emptyResult('failure', reason)
  for (const task of tasks) settle(state, task, 'canceled', task.worker, result)
}
