/**
 * Giving back: a worker with no free slot must not sit on work that another one could do.
 *
 * What waits may be twice as much as what ended within about the last 100 ms, so that nothing goes
 * back and forth; once tasks turn out to be long, that is nothing.
 */
import { emptyResult } from '../result.ts'
import type { Speed } from '../speed.ts'
import type { Millis } from '../types.ts'
import { withdraw } from './credit.ts'
import type { Held, MasterView } from './master-view.ts'
import { lastOf, lastParked, unqueue } from './queues.ts'
import { conclude, report } from './runs.ts'
import type { WorkerState } from './state.ts'

/** Gives back what is too much by now, the last come first. */
export function giveBackSurplus(state: WorkerState, now: Millis): void {
  recallAhead(state, now)
  const returned = new Map<MasterView, Held[]>()
  if (state.queued > 0) takeQueued(state, returned, now)
  // There is no slot for more, and what goes back must not come again.
  for (const view of returned.keys()) withdraw(state, view, 0)
  if (state.parked > 0) takeParked(state, returned, now)
  for (const [view, list] of returned) report(state, view, list, now)
}

/** Asks the executor for what it was given ahead of time, which another machine may be free for. */
function recallAhead(state: WorkerState, now: Millis): void {
  let surplus = state.room.slotsTaken - state.room.slots - 2 * state.aheadMax(now)
  if (surplus <= 0) return
  for (const [run, held] of [...state.runs].reverse()) {
    if (!held.isAhead) continue
    if (!held.isRecalled) state.push({ type: 'recall', run })
    held.isRecalled = true
    if (--surplus === 0) return
  }
}

function takeQueued(state: WorkerState, returned: Map<MasterView, Held[]>, now: Millis): void {
  const max = waitingMax(state, state.speed, state.config.slots, now)
  for (let left = state.queued - max; left > 0; left--) {
    const held = lastQueued(state)
    if (held !== undefined) take(state, held, returned)
  }
}

/** The task that came last of the master that has most in hand. */
function lastQueued(state: WorkerState): Held | undefined {
  let most: MasterView | undefined
  for (const view of state.masters.values()) {
    if (view.queued === 0) continue
    if (most === undefined || view.queued + view.running > most.queued + most.running) most = view
  }
  return most === undefined ? undefined : lastOf(most)
}

function takeParked(state: WorkerState, returned: Map<MasterView, Held[]>, now: Millis): void {
  for (const view of state.masters.values()) {
    for (const job of view.parkedJobs) {
      // What waits for room is no more than its master thinks there is: it keeps its place.
      if (job.demand !== undefined && state.takesMore) continue
      const max = waitingMax(state, job.speed, job.spec?.slotsMax ?? 0, now)
      for (let left = job.parkedTasks - max; left > 0; left--) {
        const held = lastParked(job)
        if (held !== undefined) take(state, held, returned)
      }
    }
  }
}

/** How many tasks may wait for so many slots. */
function waitingMax(state: WorkerState, speed: Speed, slots: number, now: Millis): number {
  return state.takesMore ? 2 * Math.max(0, speed.recent(now) - slots) : 0
}

function take(state: WorkerState, held: Held, returned: Map<MasterView, Held[]>): void {
  unqueue(state, held)
  conclude(held, emptyResult('returned', state.pausedFor ?? 'the worker has no free slot'))
  const list = returned.get(held.view) ?? []
  if (list.push(held) === 1) returned.set(held.view, list)
}
