/**
 * Rebuilds a master from its journal: the same jobs, tasks and leases as before, no sessions.
 */
import { unreachable } from '../assert.ts'
import { Job } from '../job.ts'
import type { Task } from '../task.ts'
import type { AttemptRef, Millis } from '../types.ts'
import type { JournalRecord } from './journal.ts'
import type { MasterState } from './state.ts'
import { Conduct } from './conduct.ts'
import { WorkerView } from './worker-view.ts'

export function replay(state: MasterState, record: JournalRecord): void {
  switch (record.type) {
    case 'submitted':
      state.nextJob = Math.max(state.nextJob, record.job + 1)
      state.jobs.set(record.job, new Job(record.job, record.spec, record.options))
      return
    case 'added': {
      const job = state.jobs.get(record.job)
      if (job === undefined) return
      for (const input of record.inputs) job.add(input)
      state.countWaiting(job, record.inputs.length)
      return
    }
    case 'closed': {
      const job = state.jobs.get(record.job)
      if (job === undefined) return
      job.isOpen = false
      if (job.hasEnded) state.jobs.delete(job.id)
      return
    }
    case 'leased':
      for (const ref of record.attempts) replayLease(state, ref, record)
      return
    case 'setback':
      replaySetback(state, record)
      return
    case 'settled': {
      const task = taskOf(state, record)
      if (task === undefined) return
      letGo(state, task)
      if (record.result.outcome === 'success') task.job.succeededOn = record.worker
      task.job.end(task, record.state)
      if (task.job.hasEnded) state.jobs.delete(task.job.id)
      return
    }
    default:
      unreachable(record)
  }
}

/** Every lease goes on for its whole length: nobody knows how long the master was away. */
export function armLeases(state: MasterState, now: Millis): void {
  for (const view of state.workers.values()) {
    view.expiresAt = now + state.config.leaseMs
    if (view.held.size > 0) state.watch(view)
    else state.workers.delete(view.id)
  }
}

type LeasedRecord = Extract<JournalRecord, { type: 'leased' }>
type SetbackRecord = Extract<JournalRecord, { type: 'setback' }>

function replayLease(state: MasterState, ref: AttemptRef, { worker }: LeasedRecord): void {
  const task = taskOf(state, ref)
  if (task === undefined) return
  letGo(state, task)
  task.attempt = ref.attempt
  task.worker = worker
  task.isReportDue = true
  task.countsLoss = false
  task.job.move(task, 'leased')
  let view = state.workers.get(worker)
  if (view === undefined) state.workers.set(worker, (view = new WorkerView(worker, new Conduct())))
  view.hold(task)
}

function replaySetback(state: MasterState, record: SetbackRecord): void {
  const task = taskOf(state, record)
  if (task === undefined) return
  letGo(state, task)
  const { avoids, ...counters } = record.counters
  Object.assign(task, counters)
  if (avoids.length > 0) task.avoids = [...avoids]
  // A wait between attempts is not continued: the restart was one.
  task.job.move(task, 'waiting')
  task.job.waiting.putBack(task)
  state.countWaiting(task.job, 1)
}

function taskOf(state: MasterState, ref: AttemptRef): Task | undefined {
  return state.jobs.get(ref.job)?.tasks.get(ref.task)
}

/** Takes a task out of whatever it was in: the queue's entry of it is stale from now on. */
function letGo(state: MasterState, task: Task): void {
  if (task.state === 'waiting') state.waitingTasks--
  if (task.isHeld && task.worker !== undefined) state.workers.get(task.worker)?.release(task)
}
