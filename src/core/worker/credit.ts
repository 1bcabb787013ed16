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
import { COMPANY_MS, CREDIT_PATIENCE_MS, HELD_TASKS_MAX, RESULT_BYTES_MAX } from '../limits.ts'
import type { Millis } from '../types.ts'
import type { MasterView } from './master-view.ts'
import type { WorkerState } from './state.ts'

/** A master without work need not know of every free slot beyond so many. */
const FEW_SLOTS = 8

/** Tells masters of new credit, or of less, once it is worth a message. */
export function offer(state: WorkerState, now: Millis): void {
  reckon(state, now)
  for (const view of state.masters.values()) {
    if (!takesCredit(view)) continue
    const { wanted } = view
    // It may be less than nothing, when what was taken back had been leased already.
    const open = Math.max(0, view.openCredit)
    if (isTooLittle(state, view, open)) grow(state, view)
    else if (!isTooMuch(state, view, open)) view.surplusSince = undefined
    else {
      view.surplusSince ??= now
      if (view.surplusSince + patienceOf(state) <= now) withdraw(state, view, wanted)
    }
  }
}

/** Half is near enough of credit for many short tasks, or for many slots that nobody waits for. */
function isTooLittle(
  { config }: WorkerState,
  { wanted, isHungry }: MasterView,
  open: number
): boolean {
  const few = isHungry ? config.slots : Math.min(config.slots, FEW_SLOTS)
  return wanted > few ? open * 2 <= wanted : open < wanted
}

/** Double is near enough of credit for many short tasks. */
function isTooMuch({ config }: WorkerState, { wanted }: MasterView, open: number): boolean {
  return wanted > config.slots ? open > wanted * 2 : open > wanted
}

/** The open credit that each master should have now. */
function reckon(state: WorkerState, now: Millis): void {
  const room = roomForMore(state)
  const free = state.freeSlots
  const ahead = Math.max(0, state.speed.recent(now) - state.config.slots)
  let [takers, hungry] = [0, 0]
  for (const view of state.masters.values()) {
    if (!mayTakeMore(state, view)) continue
    takers++
    if (view.isHungry) hungry++
  }
  for (const view of state.masters.values()) {
    view.wanted = 0
    if (!mayTakeMore(state, view)) continue
    const sharers = view.isHungry ? hungry : takers
    const short = Math.max(0, Math.floor(ahead / sharers) - view.queued)
    view.wanted = Math.min(room, short) + (hungry > 0 ? 0 : free)
  }
  if (hungry > 0 && free > 0) shareSlots(state, free)
}

function takesCredit(view: MasterView): boolean {
  return view.isSettled && !view.isDraining
}

/** Nothing speaks against leasing more from it: what it does not accept is its own burden. */
function mayTakeMore({ takesMore }: WorkerState, view: MasterView): boolean {
  if (!takesCredit(view) || !takesMore) return false
  return view.resultBytes <= RESULT_BYTES_MAX && view.heldTasks < HELD_TASKS_MAX
}

/**
 * How much more may be in hand beyond what fills free slots, of which no master keeps others. What is
 * kept for masters that are lost is no burden to others.
 */
function roomForMore({ masters }: WorkerState): number {
  let held = 0
  for (const view of masters.values()) if (view.session !== undefined) held += view.heldTasks
  return Math.max(0, HELD_TASKS_MAX - held)
}

/** What a new session begins with: other masters that wait for a free slot come first. */
export function firstCredit(state: WorkerState): number {
  if (!state.takesMore) return 0
  for (const view of state.masters.values()) if (view.isHungry) return 0
  return state.freeSlots
}

function shareSlots(state: WorkerState, free: number): void {
  let left = free
  const hungry: MasterView[] = []
  for (const view of state.masters.values()) {
    if (!mayTakeMore(state, view)) continue
    if (view.isHungry) hungry.push(view)
    else if (!view.isAsked) continue
    // A slot that is on offer to one that has work, or said so, is not offered to another one.
    const kept = Math.min(left, Math.max(0, view.openCredit - view.wanted))
    view.wanted += kept
    left -= kept
  }
  for (; left > 0; left--) neediest(hungry).wanted++
}

/** Who has least in hand or on offer; among equals, who was served longest ago. */
function neediest(views: readonly MasterView[]): MasterView {
  const share = ({ width, queued, wanted }: MasterView): number => width + queued + wanted
  return views.reduce((best, view) => {
    const difference = share(view) - share(best)
    return difference < 0 || (difference === 0 && view.servedAt < best.servedAt) ? view : best
  })
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
  return state.takesMore ? CREDIT_PATIENCE_MS : 0
}

function grow(state: WorkerState, view: MasterView): void {
  view.surplusSince = undefined
  view.credit += view.wanted - view.openCredit
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
  // Without a free slot it is for later.
  state.send(view, { type: 'offer', credit, withdrawn, more }, state.freeSlots > 0 ? 0 : COMPANY_MS)
}
