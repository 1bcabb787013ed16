/**
 * How much work a worker asks for, and from whom.
 *
 * In hand: what its slots run, and of short tasks about 100 ms of work more. Masters that have more
 * work waiting ("hungry") share the free slots fairly. While there are none, every master may fill
 * every free slot, so that new work needs no round trip to be offered; a worker without a free slot
 * offers it to the hungry only, and a master says when it has become that.
 *
 * Credit that is out and should not be, for other masters took the slots or tasks turned out to be
 * long, is taken back: not at once, since most of it is used or justified again before long.
 */
import { CREDIT_PATIENCE_MS, HELD_TASKS_MAX, RESULT_BYTES_MAX } from '../limits.ts'
import type { Millis } from '../types.ts'
import type { MasterView } from './master-view.ts'
import type { WorkerState } from './state.ts'

/** The open credit each master should have now. */
export function openCredits(state: WorkerState, now: Millis): Map<MasterView, number> {
  const credits = new Map<MasterView, number>()
  const views: MasterView[] = []
  const hungry: MasterView[] = []
  for (const view of state.masters.values()) {
    if (!takesCredit(view)) continue
    if (state.isDraining || view.resultBytes > RESULT_BYTES_MAX) {
      credits.set(view, 0)
      continue
    }
    views.push(view)
    if (view.isHungry) hungry.push(view)
  }
  const room = roomForMore(state)
  const free = Math.min(state.freeSlots, room)
  const ahead = Math.max(0, state.speed.recent(now) - state.config.slots)
  for (const view of views) {
    const sharers = view.isHungry ? hungry : views
    const short = Math.max(0, Math.floor(ahead / sharers.length) - view.queued)
    credits.set(view, Math.min(room, short + (hungry.length > 0 ? 0 : free)))
  }
  if (hungry.length > 0) shareSlots(views, hungry, credits, free)
  return credits
}

function takesCredit(view: MasterView): boolean {
  return view.isSettled && !view.isDraining
}

/** How much more may be in hand. What is kept for masters that are lost is no burden to others. */
function roomForMore({ masters }: WorkerState): number {
  let held = 0
  for (const view of masters.values()) if (view.session !== undefined) held += view.heldTasks
  return Math.max(0, HELD_TASKS_MAX - held)
}

/** What a new session begins with: other masters that wait for a free slot come first. */
export function firstCredit(state: WorkerState): number {
  if (state.isDraining) return 0
  for (const view of state.masters.values()) if (view.isHungry) return 0
  return Math.min(state.freeSlots, roomForMore(state))
}

function shareSlots(
  views: readonly MasterView[],
  hungry: readonly MasterView[],
  credits: Map<MasterView, number>,
  free: number
): void {
  let left = free
  const add = (view: MasterView, slots: number): void => {
    credits.set(view, (credits.get(view) ?? 0) + slots)
    left -= slots
  }
  // A slot that is on offer to one that has work, or said so, is not offered to another one.
  for (const view of views) {
    if (!view.isHungry && !view.isAsked) continue
    add(view, Math.min(left, Math.max(0, view.openCredit - (credits.get(view) ?? 0))))
  }
  while (left > 0) add(neediest(hungry, credits), 1)
}

/** Who has least in hand or on offer; among equals, who was served longest ago. */
function neediest(views: readonly MasterView[], credits: Map<MasterView, number>): MasterView {
  const share = (view: MasterView): number => view.running + view.queued + (credits.get(view) ?? 0)
  return views.reduce((best, view) => {
    const difference = share(view) - share(best)
    return difference < 0 || (difference === 0 && view.servedAt < best.servedAt) ? view : best
  })
}

/** Tells masters of new credit, or of less, once it is worth a message. */
export function offer(state: WorkerState, now: Millis): void {
  for (const [view, wanted] of openCredits(state, now)) {
    // It may be less than nothing, when what was taken back had been leased already.
    const open = Math.max(0, view.openCredit)
    // Of credit for many short tasks, half or double is near enough.
    const isNear = wanted > state.config.slots && open * 2 > wanted && open <= wanted * 2
    if (open === wanted || isNear) view.surplusSince = undefined
    else if (open < wanted) grow(state, view, wanted)
    else {
      view.surplusSince ??= now
      if (view.surplusSince + patienceOf(state) <= now) withdraw(state, view, wanted)
    }
  }
}

/**
 * To be called at every renewal: a master that has left its credit alone since the last one must
 * not keep others from it.
 */
export function noteUse(view: MasterView): void {
  const { used, openCredit, renewed } = view
  const isUnused = used === renewed.used && openCredit === renewed.openCredit
  if (openCredit > 0 && isUnused) view.isHungry = view.isAsked = false
  view.renewed = { used, openCredit }
}

/** When credit is to be taken back, unless it is used or justified by then. */
export function surplusDueAt(state: WorkerState, view: MasterView): Millis {
  if (view.surplusSince === undefined || !takesCredit(view)) return Infinity
  return view.surplusSince + patienceOf(state)
}

function patienceOf(state: WorkerState): Millis {
  return state.isDraining ? 0 : CREDIT_PATIENCE_MS
}

function grow(state: WorkerState, view: MasterView, wanted: number): void {
  view.surplusSince = undefined
  view.credit += wanted - view.openCredit
  tell(state, view)
}

/** Takes back all open credit but this. What was leased meanwhile comes all the same. */
export function withdraw(state: WorkerState, view: MasterView, wanted: number): void {
  view.surplusSince = undefined
  if (view.openCredit <= wanted) return
  view.withdrawn += view.openCredit - wanted
  tell(state, view)
}

function tell(state: WorkerState, view: MasterView): void {
  const { credit, withdrawn, isHungry: more } = view
  view.isAsked = view.openCredit > 0 && (more || view.isAsked)
  state.send(view, { type: 'offer', credit, withdrawn, more })
}
