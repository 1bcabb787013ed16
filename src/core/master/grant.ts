/**
 * Who gets which tasks: workers with a free slot first, then those that keep short tasks in hand.
 * When work waits that nobody has credit for, those who do not know it are told, once.
 */
import type { Job } from '../job.ts'
import type { Lease } from '../messages.ts'
import { ELSEWHERE_FIRST_MS, HELD_TASKS_MAX, IDLE_LOOK_MAX } from '../limits.ts'
import { inMessages } from '../split.ts'
import type { Task } from '../task.ts'
import { payloadBytes } from '../types.ts'
import type { Millis } from '../types.ts'
import { goesBefore } from './backlog.ts'
import type { Need } from './need.ts'
import type { MasterState } from './state.ts'
import type { WorkerView } from './worker-view.ts'

/** Leases waiting tasks to whoever has credit, until there are no tasks or no takers. */
export function grantAll(state: MasterState, now: Millis): void {
  if (state.isDraining) return
  state.unblock(now)
  for (const place of ['idle', 'busy'] as const) {
    for (const need of state.open) {
      const workers = need[place]
      // A worker that has been served is filed again behind the others: look at each only once.
      for (let looks = workers.size; looks > 0 && need.waiting > 0; looks--) {
        const view = workers.values().next().value as WorkerView
        workers.delete(view)
        grantTo(state, view, now)
      }
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
  const mayLease = !state.isDraining && view.conduct.restUntil <= now
  const tasks = mayLease ? takeTasks(state, view, shareOf(view), now) : []
  if (tasks.length > 0) lease(state, view, tasks, now)
  else if (view.openCredit > 0 && view.saidMore && !state.isDraining) giveUpCredit(state, view)
  state.file(view, now)
}

/**
 * Tells workers without open credit that work waits, so that they offer as soon as they have room:
 * a worker with no free slot offers nothing to a master that has nothing.
 */
function announce(state: MasterState, now: Millis): void {
  if (state.isDraining) return
  for (const need of state.open) {
    if (need.unaware.size === 0) continue
    for (const view of [...need.unaware]) {
      if (hasMoreFor(state, view, now)) say(state, view, true, [])
      state.file(view, now)
    }
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
  if (state.isDraining || view.conduct.restUntil > now) return false
  return nextJob(view, now, (task) => mayRunOn(state, task, view, now)) !== undefined
}

/**
 * Half of what a worker would get if all waiting tasks were dealt out by slots, so that the last
 * ones spread over all machines (guided self-scheduling, Polychronopoulos and Kuck 1987); but
 * never less than its free slots.
 */
function shareOf(view: WorkerView): number {
  let part = 0
  for (const { waiting, slots } of view.needs) {
    if (waiting > 0) part += Math.ceil((waiting * view.slots) / (2 * Math.max(1, slots)))
  }
  const room = HELD_TASKS_MAX - view.held.size
  return Math.min(view.openCredit, room, Math.max(part, view.freeSlots))
}

function takeTasks(state: MasterState, view: WorkerView, count: number, now: Millis): Task[] {
  const tasks: Task[] = []
  const suits = (task: Task): boolean => mayRunOn(state, task, view, now)
  while (tasks.length < count) {
    const job = nextJob(view, now, suits)
    const task = job?.waiting.take(suits)
    if (job === undefined || task === undefined) break
    job.move(task, 'leased')
    job.need.backlog.noteServed(job)
    state.uncountWaiting(job)
    view.hold(task)
    tasks.push(task)
  }
  return tasks
}

/**
 * The job whose turn it is at this worker. One whose demand does not fit now is passed over; but
 * where a later one would take what it waits for, it gets its lease first, and waits at the worker
 * for the room: otherwise smaller ones would keep it from there for ever. That cannot happen to a
 * job that has a task there already, by ones that are not less important: where that one ends,
 * there is room.
 */
function nextJob(view: WorkerView, now: Millis, suits: (task: Task) => boolean): Job | undefined {
  let [best, late]: [Job | undefined, Job | undefined] = [undefined, undefined]
  const passes = (job: Job): boolean => view.mayHoldMoreOf(job, now) && job.waiting.has(suits)
  for (const need of view.needs) {
    const { waiting, demand, backlog } = need
    if (waiting === 0) continue
    const fits = view.fits(demand)
    // Another one waits there for the room already.
    if (!fits && demand !== undefined && !view.room.isSound(demand)) continue
    const job = backlog.first(passes)
    if (job === undefined || (fits && isBetterElsewhere(need, view))) continue
    if (fits && (best === undefined || goesBefore(job, best))) best = job
    if (!fits && (late === undefined || goesBefore(job, late))) late = job
  }
  return late !== undefined && isOvertaken(view, late, best) ? late : best
}

/** It would wait here for slots to become free, and there is a worker where they are. */
function isBetterElsewhere({ demand, idle }: Need, view: WorkerView): boolean {
  if (demand === undefined || demand.slots <= view.freeSlots) return false
  let looks = IDLE_LOOK_MAX
  for (const other of idle) {
    if (other !== view && other.freeSlots >= demand.slots) return true
    if (--looks === 0) return false
  }
  return false
}

function isOvertaken(view: WorkerView, late: Job, best: Job | undefined): boolean {
  const [demand, other] = [late.need.demand, best?.need.demand]
  if (best === undefined || demand === undefined || other === undefined) return false
  if (!goesBefore(late, best) || !view.room.isRivalOf(demand, other)) return false
  return late.options.priority > best.options.priority || !view.holds(late)
}

/**
 * Another machine comes first for a task that failed; the same one when there is no other, or when
 * the others have not taken it for a while: they may be busy for hours.
 */
function mayRunOn(state: MasterState, task: Task, view: WorkerView, now: Millis): boolean {
  const { avoids, job } = task
  if (avoids?.includes(view.id) !== true || job.options.worker !== undefined) return true
  if (now >= task.retryAt + ELSEWHERE_FIRST_MS) return true
  const { suitors } = job.need
  let connected = 0
  for (const worker of avoids) {
    const other = state.workers.get(worker)
    if (other !== undefined && suitors.has(other)) connected++
  }
  return connected >= suitors.size
}

/** Leases tasks that the worker holds. */
export function lease(
  state: MasterState,
  view: WorkerView,
  tasks: readonly Task[],
  now: Millis
): void {
  for (const task of tasks) {
    task.attempt = task.lastAttempt + 1
    task.job.hedge?.noteLease(task)
    task.worker = view.id
    task.isReportDue = true
    task.countsLoss = false
    tellSpec(state, view, task.job)
  }
  if (view.held.size === tasks.length) view.renewedAt = now
  state.watch(view)
  const attempts = tasks.map((task) => task.ref)
  state.record({ type: 'leased', worker: view.id, attempts })
  const leases = tasks.map(leaseOf)
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

function leaseOf({ job, number, attempt, input }: Task): Lease {
  return { job: job.id, task: number, attempt, input }
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
