/**
 * What jobs ask of a worker: to be that one, labels, amounts. Jobs that ask for the same share one
 * need, and whether a worker suits it is decided once, when both are there. From then on a need is
 * all that a worker without the label, or a job that nobody suits, is to the other: nothing.
 */
import { demandOf, hasLabel } from '../abilities.ts'
import type { Demand } from '../abilities.ts'
import type { JobOptions, LabelNeed } from '../job.ts'
import type { Spec } from '../spec.ts'
import type { Millis } from '../types.ts'
import { Backlog } from './backlog.ts'
import type { WorkerView } from './worker-view.ts'

export const PLACES = ['idle', 'busy', 'blocked', 'unaware'] as const
export type Place = (typeof PLACES)[number]

/** What is looked at of a worker to know whether it suits. */
export type Able = Pick<WorkerView, 'id' | 'name' | 'labels' | 'room'>

export class Need {
  /** Tells it from other needs. */
  readonly key: string
  readonly worker: string | undefined
  readonly requires: readonly LabelNeed[]
  /** Undefined: one slot. */
  readonly demand: Demand | undefined
  /** Jobs that have it and have not ended. */
  jobs = 0
  readonly backlog = new Backlog()
  /** Tasks of the jobs in it that wait. */
  waiting = 0
  /** A job has come into the backlog: nobody who is blocked may be blocked by it. */
  hasNewJob = false
  /** Workers with a session that suit it, and how many slots they have. */
  readonly suitors = new Set<WorkerView>()
  slots = 0
  /** Those with open credit: with a free slot, and with none. First come, first served. */
  readonly idle = new Set<WorkerView>()
  readonly busy = new Set<WorkerView>()
  /** Those that have as many tasks of every waiting job as the jobs allow. */
  readonly blocked = new Set<WorkerView>()
  /** Those without open credit that do not know that work waits. */
  readonly unaware = new Set<WorkerView>()

  constructor(
    spec: Pick<Spec, 'amounts'>,
    { worker, requires = [] }: Pick<JobOptions, 'worker' | 'requires'>
  ) {
    this.key = needKey(spec, { requires, ...(worker === undefined ? {} : { worker }) })
    this.worker = worker
    this.requires = requires
    this.demand = demandOf(spec)
  }

  suits({ id, name, labels, room }: Able): boolean {
    if (this.worker !== undefined && this.worker !== id && this.worker !== name) return false
    if (this.demand !== undefined && !room.holds(this.demand)) return false
    return this.requires.every((need) => hasLabel(labels, need))
  }

  join(view: WorkerView): void {
    this.suitors.add(view)
    this.slots += view.slots
    view.needs.add(this)
  }

  part(view: WorkerView): void {
    if (!this.suitors.delete(view)) return
    this.slots -= view.slots
    view.needs.delete(this)
    for (const place of PLACES) this[place].delete(view)
  }

  /** Puts a suitor where it belongs; `place`: what its credit says, undefined: nowhere. */
  file(view: WorkerView, place: Place | undefined, now: Millis): void {
    const own = this.#placeOf(view, place, now)
    for (const name of PLACES) if (name !== own) this[name].delete(view)
    if (own !== undefined) this[own].add(view)
  }

  #placeOf(view: WorkerView, place: Place | undefined, now: Millis): Place | undefined {
    if (place === undefined || !view.fits(this.demand)) return undefined
    if (this.backlog.isEmpty) return place
    const isOpen = this.backlog.first((job) => view.mayHoldMoreOf(job, now)) !== undefined
    return isOpen ? place : 'blocked'
  }
}

/** The key of the need that a job has. */
export function needKey(
  spec: Pick<Spec, 'amounts'>,
  { worker, requires }: Pick<JobOptions, 'worker' | 'requires'>
): string {
  const demand = demandOf(spec)
  if (demand === undefined && worker === undefined && !requires?.length) return ''
  const labels = (requires ?? []).map(({ label, value }) => [label, value])
  return JSON.stringify([worker, labels, demand?.slots, demand?.amounts])
}
