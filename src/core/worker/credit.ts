/**
 * How much work a worker asks for, and from whom.
 *
 * In hand: what its slots run, and of short tasks about 100 ms of work more. Every master that has
 * more work waiting ("hungry") gets its fair share of that; one that has none keeps a little
 * credit, so that new work needs no round trip to be offered. When tasks turn out to be long, what
 * is queued goes back, for a free machine may be waiting.
 */
import { HELD_TASKS_MAX } from '../limits.ts'
import { emptyResult } from '../result.ts'
import type { Millis } from '../types.ts'
import type { Held, MasterView } from './master-view.ts'
import { conclude, report } from './runs.ts'
import type { WorkerState } from './state.ts'

/** The credit each master should have now, beyond what it has used. */
export function openCredits(state: WorkerState, now: Millis): Map<MasterView, number> {
  const credits = new Map<MasterView, number>()
  if (state.isDraining || state.config.slots === 0) return credits
  const views = [...state.masters.values()].filter((view) => view.isSettled && !view.isDraining)
  const hungry = views.filter((view) => view.isHungry)
  const room = Math.max(0, HELD_TASKS_MAX - state.heldTasks)
  const free = state.freeSlots
  const ahead = Math.max(0, state.recentEnds(now) - state.config.slots)
  for (const view of views) {
    const wanted = view.isHungry
      ? Math.max(0, Math.floor(ahead / hungry.length) - view.queued)
      : Math.max(1, free)
    credits.set(view, Math.min(room, wanted))
  }
  for (let slot = Math.min(free, room); slot > 0 && hungry.length > 0; slot--) {
    const next = neediest(hungry, credits)
    credits.set(next, (credits.get(next) ?? 0) + 1)
  }
  return credits
}

/** Who has least in hand or on offer; among equals, who was served longest ago. */
function neediest(views: readonly MasterView[], credits: Map<MasterView, number>): MasterView {
  const share = (view: MasterView): number => view.running + view.queued + (credits.get(view) ?? 0)
  return views.reduce((best, view) => {
    const difference = share(view) - share(best)
    return difference < 0 || (difference === 0 && view.servedAt < best.servedAt) ? view : best
  })
}

/** Tells masters of new credit, once it is worth a message. */
export function offer(state: WorkerState, now: Millis): void {
  for (const [view, wanted] of openCredits(state, now)) {
    const open = view.credit - view.received
    if (wanted <= open) continue
    if (wanted > state.config.slots && open * 2 > wanted) continue
    view.credit = view.received + wanted
    state.send(view, { type: 'offer', credit: view.credit })
  }
}

/** The number of queued tasks beyond which a worker sits on work that others could do. */
function queueMax(state: WorkerState, now: Millis): number {
  return 2 * Math.max(0, state.recentEnds(now) - state.config.slots)
}

/** Gives back what is queued beyond the bound, the last come first. */
export function giveBackSurplus(state: WorkerState, now: Millis): void {
  recallSurplus(state, now)
  if (state.queued === 0) return
  giveBack(state, state.queued - (state.isDraining ? 0 : queueMax(state, now)), now)
}

/** Asks back what the executor has too much of by now, the last come first. */
function recallSurplus(state: WorkerState, now: Millis): void {
  let surplus = state.runs.size - state.config.slots - 2 * state.aheadMax(now)
  if (surplus <= 0) return
  for (const [run, held] of [...state.runs].reverse()) {
    if (!held.isAhead) continue
    if (!held.isRecalled) state.push({ type: 'recall', run })
    held.isRecalled = true
    if (--surplus === 0) return
  }
}

function giveBack(state: WorkerState, count: number, now: Millis): void {
  const returned = new Map<MasterView, Held[]>()
  for (let left = count; left > 0; left--) {
    const held = lastQueued(state)
    if (held === undefined) break
    const { view } = held
    view.queued--
    state.queued--
    view.isHungry = true
    conclude(held, emptyResult('returned', 'the worker has no free slot'))
    const list = returned.get(view) ?? []
    if (list.push(held) === 1) returned.set(view, list)
  }
  for (const [view, list] of returned) report(state, view, list, now)
}

/** The queued task that came last, of the master that has most in hand; taken out of its queue. */
function lastQueued(state: WorkerState): Held | undefined {
  let most: MasterView | undefined
  for (const view of state.masters.values()) {
    if (view.queued === 0) continue
    if (most === undefined || view.queued + view.running > most.queued + most.running) most = view
  }
  let held = most?.queue.pop()
  while (held !== undefined && held.state !== 'queued') held = most?.queue.pop()
  return held
}
