/**
 * Who gets which tasks: workers with a free slot first, then those that keep short tasks in hand.
 * When work waits that nobody has credit for, those who do not know it are told, once.
 */
import type { Job } from '../job.ts'
import type { Lease } from '../messages.ts'
import { ELSEWHERE_FIRST_MS, HELD_TASKS_MAX } from '../limits.ts'
import { inMessages } from '../split.ts'
import type { Task } from '../task.ts'
import { payloadBytes } from '../types.ts'
import type { Millis } from '../types.ts'
import type { MasterState } from './state.ts'
import type { WorkerView } from './worker-view.ts'

/** Leases waiting tasks to whoever has credit, until there are no tasks or no takers. */
export function grantAll(state: MasterState, now: Millis): void {
  if (state.isDraining) return
  state.unblock(now)
  for (const workers of [state.idle, state.busy]) {
    // A worker that has been served is filed again behind the others: look at each only once.
    for (let looks = workers.size; looks > 0 && state.waitingTasks > 0; looks--) {
      const view = workers.values().next().value as WorkerView
      workers.delete(view)
      grantTo(state, view, now)
    }
  }
  announce(state, now)
}

/** Leases waiting tasks to one worker, as many as its credit and its share allow. */
export function grant(state: MasterState, view: WorkerView, now: Millis): void {
  grantTo(state, view, now)
  announce(state, now)
}

function grantTo(state: MasterState, view: WorkerView, now: Millis): void {
  const mayLease = !state.isDraining && !state.rests(view, now)
  const tasks = mayLease ? takeTasks(state, view, shareOf(state, view), now) : []
  if (tasks.length > 0) lease(state, view, tasks, now)
  else if (view.openCredit > 0 && view.saidMore && !state.isDraining) giveUpCredit(state, view)
  state.file(view, now)
}

/**
 * Tells workers without open credit that work waits, so that they offer as soon as they have room:
 * a worker with no free slot offers nothing to a master that has nothing.
 */
function announce(state: MasterState, now: Millis): void {
  if (state.waitingTasks === 0 || state.isDraining || state.unaware.size === 0) return
  for (const view of [...state.unaware]) {
    if (hasMoreFor(state, view, now)) say(state, view, true, [])
    state.file(view, now)
  }
}

/** It has room, and there is nothing for it: other masters may have its slots. */
function giveUpCredit(state: MasterState, view: WorkerView): void {
  view.used += view.openCredit
  say(state, view, false, [])
}

function say(state: MasterState, view: WorkerView, more: boolean, leases: readonly Lease[]): void {
  const { batch, used } = view
  view.saidMore = more
  state.send(view, { type: 'leases', batch, used, more, leases })
}

/** Work waits that this worker may get. */
export function hasMoreFor(state: MasterState, view: WorkerView, now: Millis): boolean {
  if (state.waitingTasks === 0 || state.isDraining || state.rests(view, now)) return false
  const suits = (task: Task): boolean => mayRunOn(state, task, view, now)
  return state.backlog.some((job) => view.mayHoldMoreOf(job, now) && job.waiting.has(suits))
}

/**
 * Half of what a worker would get if all waiting tasks were dealt out by slots, so that the last
 * ones spread over all machines (guided self-scheduling, Polychronopoulos and Kuck 1987); but
 * never less than its free slots.
 */
function shareOf(state: MasterState, view: WorkerView): number {
  const part = Math.ceil(
    (state.waitingTasks * view.slots) / (2 * Math.max(1, state.connectedSlots))
  )
  const room = HELD_TASKS_MAX - view.held.size
  return Math.min(view.openCredit, room, Math.max(part, view.freeSlots))
}

function takeTasks(state: MasterState, view: WorkerView, count: number, now: Millis): Task[] {
  const tasks: Task[] = []
  const suits = (task: Task): boolean => mayRunOn(state, task, view, now)
  let place = 0
  while (tasks.length < count && place < state.backlog.length) {
    const job = state.backlog[place] as Job
    const task = view.mayHoldMoreOf(job, now) ? job.waiting.take(suits) : undefined
    if (task === undefined) {
      // Nothing for this worker; the job stays listed only if others may take what it has.
      if (job.counts.waiting === 0) state.backlog.splice(place, 1)
      else place++
      continue
    }
    job.move(task, 'leased')
    state.waitingTasks--
    view.hold(task)
    tasks.push(task)
  }
  return tasks
}

/**
 * Another machine comes first for a task that failed; the same one when there is no other, or when
 * the others have not taken it for a while: they may be busy for hours.
 */
function mayRunOn(state: MasterState, task: Task, view: WorkerView, now: Millis): boolean {
  const { avoids, job } = task
  if (avoids?.includes(view.id) !== true || job.options.worker !== undefined) return true
  if (now >= task.retryAt + ELSEWHERE_FIRST_MS) return true
  let connected = 0
  for (const worker of avoids) {
    if (state.workers.get(worker)?.session !== undefined) connected++
  }
  return connected >= state.connectedWorkers
}

function lease(state: MasterState, view: WorkerView, tasks: readonly Task[], now: Millis): void {
  for (const task of tasks) {
    task.attempt++
    task.worker = view.id
    task.isReportDue = true
    task.countsLoss = false
    tellSpec(state, view, task.job)
  }
  if (view.held.size === tasks.length) view.expiresAt = now + state.config.leaseMs
  state.watch(view)
  const attempts = tasks.map((task) => task.ref)
  state.record({ type: 'leased', worker: view.id, attempts })
  const leases = tasks.map((task) => ({ ...task.ref, input: task.input }))
  const more = hasMoreFor(state, view, now)
  const wasAsked = view.saidMore
  for (const part of inMessages(leases, leaseBytes)) {
    view.used += part.length
    view.batch++
    say(state, view, more, part)
  }
  // Slots that it was asked to use and has nothing for.
  if (wasAsked && !more && view.openCredit > 0 && view.openCredit <= view.slots) {
    giveUpCredit(state, view)
  }
  view.awaited ??= { batch: view.batch, sentAt: now }
  state.emit({ type: 'dispatched', worker: view.id, attempts })
}

function leaseBytes({ input }: Lease): number {
  return payloadBytes(input)
}

function tellSpec(state: MasterState, view: WorkerView, job: Job): void {
  if (view.knows.has(job.id)) return
  noteKnown(view, job)
  state.send(view, { type: 'spec', job: job.id, spec: job.spec })
}

/** The worker has the job's spec, and has to be told when the job has ended. */
export function noteKnown(view: WorkerView, job: Job): void {
  view.knows.add(job.id)
  job.toldWorkers.add(view.id)
}
