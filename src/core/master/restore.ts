/**
 * Rebuilds a master from its journal: the same jobs, tasks and leases as before, no sessions.
 */
import { unreachable } from '../assert.ts'
import type { Job } from '../job.ts'
import { Task } from '../task.ts'
import type { Millis, NodeId } from '../types.ts'
import { Conduct } from './conduct.ts'
import { awaitAll, doomLost, followUp } from './consequences.ts'
import { awaitStarts } from './jobs.ts'
import { checkFailures, endJob } from './outcome.ts'
import type { Saved, SavedJob, SavedLease, SavedTask, SavedTasks } from './journal.ts'
import type { MasterState } from './state.ts'
import { WorkerView } from './worker-view.ts'

export function restore(state: MasterState, saved: Saved): void {
  switch (saved.type) {
    case 'last-job':
      state.nextJob = Math.max(state.nextJob, saved.job + 1)
      return
    case 'job':
      restoreJob(state, saved)
      return
    case 'tasks':
      restoreTasks(state, saved)
      return
    case 'end':
      state.ends.push(saved)
      return
    default:
      unreachable(saved)
  }
}

/**
 * Every lease goes on for its whole length: nobody knows how long the master was away. A job that
 * it could not end any more ends now.
 */
export function resumeAll(state: MasterState, now: Millis): void {
  followUp(state, now)
  doomLost(state)
  for (const job of [...state.jobs.values()]) {
    checkFailures(state, job)
    // Nobody knows either how long its tasks have waited.
    if (job.tasks.size > 0) awaitStarts(state, job, now)
    endJob(state, { job })
  }
  for (const view of state.workers.values()) {
    view.renewedAt = now
    if (view.held.size > 0) state.watch(view)
    else state.workers.delete(view.id)
  }
}

function restoreJob(state: MasterState, saved: SavedJob): void {
  const job = state.addJob(saved.job, saved.spec, saved.options, 0)
  job.isOpen = saved.isOpen
  job.lastTask = saved.lastTask
  Object.assign(job.counts, saved.ended)
  for (const ms of saved.runTimes ?? []) job.hedge?.runTimes.add(ms)
  awaitAll(state, job)
}

function restoreTasks(state: MasterState, { job: id, tasks }: SavedTasks): void {
  const job = state.jobs.get(id)
  if (job === undefined) return
  let waiting = 0
  for (const saved of tasks) if (!restoreTask(state, job, saved)) waiting++
  state.countWaiting(job, waiting)
}

/** True if a worker holds it. */
function restoreTask(state: MasterState, job: Job, saved: SavedTask): boolean {
  const { lease } = saved
  const task = new Task(job, saved.task, saved.input)
  job.tasks.set(task.number, task)
  if (lease !== undefined) restoreLease(task, lease)
  if (lease?.isHeld === true && lease.worker !== undefined) {
    task.state = 'leased'
    task.isReportDue = true
    job.counts.leased++
    viewOf(state, lease.worker).hold(task)
    return true
  }
  // A wait between attempts is not continued: the restart was one.
  job.counts.waiting++
  if (lease === undefined) job.waiting.push(task)
  else job.waiting.putBack(task)
  return false
}

function restoreLease(task: Task, { attempt, worker, counters }: SavedLease): void {
  const { avoids, lastAttempt = attempt, ...rest } = counters
  Object.assign(task, rest)
  task.hasStarted = rest.failures + rest.crashes + rest.losses > 0
  task.attempt = attempt
  task.worker = worker
  task.job.hedge?.restoreLastAttempt(task, lastAttempt)
  if (avoids.length > 0) task.avoids = [...avoids]
}

function viewOf(state: MasterState, worker: NodeId): WorkerView {
  const known = state.workers.get(worker)
  if (known !== undefined) return known
  const view = new WorkerView(worker, new Conduct())
  state.workers.set(worker, view)
  return view
}
