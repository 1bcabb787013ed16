/**
 * What waits at a worker to be started: a queue for each master, in order of arrival. A task whose
 * job runs as often here as it may (`slotsMax`) is parked, so that it keeps no other waiting; so is
 * one that takes more than a slot (`claims.ts`), from the beginning.
 *
 * Entries are hints: what was started, parked or dropped meanwhile is passed over.
 */
import type { Held, HeldJob, MasterView } from './master-view.ts'
import type { WorkerState } from './state.ts'

export function enqueue(state: WorkerState, held: Held): void {
  if (held.job.demand !== undefined) {
    state.claims++
    park(state, held)
    return
  }
  held.view.queue.push(held)
  held.view.queued++
  state.queued++
}

/** To be called before the state of a task that waits becomes another one. */
export function unqueue(state: WorkerState, held: Held): void {
  const { view, job } = held
  if (held.state === 'queued') {
    state.queued--
    if (--view.queued === 0) view.queue.clear()
  } else if (held.state === 'parked') {
    state.parked--
    if (job.demand !== undefined) state.claims--
    view.parked--
    job.parkedTasks--
    if (job.parkedTasks > 0) return
    job.parked.clear()
    view.parkedJobs.delete(job)
  }
}

/** The task of this master that came first, of those whose jobs may run more here, and that pass. */
export function firstOf(
  state: WorkerState,
  view: MasterView,
  passes: (held: Held) => boolean
): Held | undefined {
  let first = headOf(view)
  while (first !== undefined && !mayRunMore(state, first.job)) {
    unqueue(state, first)
    park(state, first)
    first = headOf(view)
  }
  for (const job of view.parkedJobs) {
    const held = mayRunMore(state, job) ? firstParked(job) : undefined
    if (held === undefined || !passes(held)) continue
    if (first === undefined || held.order < first.order) first = held
  }
  return first
}

/** The task that came last, parked ones excepted. */
export function lastOf({ queue }: MasterView): Held | undefined {
  let held = queue.pop()
  while (held !== undefined && held.state !== 'queued') held = queue.pop()
  return held
}

/** The parked task of the job that came last. */
export function lastParked({ parked }: HeldJob): Held | undefined {
  let held = parked.pop()
  while (held !== undefined && held.state !== 'parked') held = parked.pop()
  return held
}

function headOf({ queue }: MasterView): Held | undefined {
  while (queue.size > 0 && queue.peek()?.state !== 'queued') queue.shift()
  return queue.peek()
}

/** The parked task of the job that came first. */
export function firstParked({ parked }: HeldJob): Held | undefined {
  while (parked.size > 0 && parked.peek()?.state !== 'parked') parked.shift()
  return parked.peek()
}

/** A limit that this worker cannot exceed is none: more than run may be handed over ahead. */
export function mayRunMore({ config }: WorkerState, { running, spec }: HeldJob): boolean {
  const slotsMax = spec?.slotsMax ?? config.slots
  return slotsMax >= config.slots || running < slotsMax
}

function park(state: WorkerState, held: Held): void {
  const { view, job } = held
  held.state = 'parked'
  state.parked++
  view.parked++
  job.parkedTasks++
  job.parked.push(held)
  view.parkedJobs.add(job)
}
