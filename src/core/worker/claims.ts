/**
 * Tasks that take more than one slot, or amounts of something scarce, and wait for the room.
 *
 * The one that came first has a claim. As long as things of its own are missing, say a GPU, others
 * start as ever, but leave it what has become free of them. Once only slots are missing nothing
 * else starts, so that it cannot be overtaken for ever; and since everything takes a slot, nothing
 * that it needs is lost again. It waits no longer than what runs now.
 *
 * Masters take turns: one that has a task waiting or was offered a slot, and has not been served
 * since the large one came, goes first. Otherwise whoever is closest would have the machine to
 * itself.
 */
import type { Demand } from '../abilities.ts'
import type { Held, MasterView } from './master-view.ts'
import { firstParked, mayRunMore } from './queues.ts'
import type { WorkerState } from './state.ts'

export interface Claim {
  readonly held: Held
  readonly demand: Demand
  /** All it needs is free, or will be kept for it as it becomes free: nothing else may start. */
  readonly isDue: boolean
}

/** Of the tasks that wait for room, the one that came first. */
export function claimOf(state: WorkerState): Claim | undefined {
  if (state.claims === 0) return undefined
  let first: Held | undefined
  for (const view of state.masters.values()) {
    for (const job of view.parkedJobs) {
      if (job.demand === undefined || !mayRunMore(state, job)) continue
      const held = firstParked(job)
      if (held !== undefined && (first === undefined || held.order < first.order)) first = held
    }
  }
  const demand = first?.job.demand
  if (first === undefined || demand === undefined) return undefined
  return { held: first, demand, isDue: state.room.hasAmounts(demand) && isItsTurn(state, first) }
}

/** A task can start now although something else has a claim that is not due. */
export function mayPass(state: WorkerState, held: Held, claim: Claim | undefined): boolean {
  const { demand } = held.job
  if (demand === undefined) return true
  if (held === claim?.held || !state.room.hasSlots(demand)) return false
  return state.room.hasAmounts(demand, claim?.demand) && isItsTurn(state, held)
}

function isItsTurn(state: WorkerState, { view, arrivedAt }: Held): boolean {
  for (const other of state.masters.values()) {
    const mayCome = other.queued > 0 || (other.isAsked && other.openCredit > 0)
    if (other === view || !mayCome) continue
    if (other.servedAt < arrivedAt && goesBefore(other, view)) return false
  }
  return true
}

/** Whose turn it is: who fills fewer slots; among equals, who was served longest ago. */
export function goesBefore(a: MasterView, b: MasterView): boolean {
  return a.width === b.width ? a.servedAt < b.servedAt : a.width < b.width
}
