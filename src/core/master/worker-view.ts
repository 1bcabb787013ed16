/**
 * A worker as its master sees it: the session, the credit it gave, and what it holds.
 */
import { Room } from '../abilities.ts'
import type { Demand, Labels } from '../abilities.ts'
import type { Job } from '../job.ts'
import { Speed } from '../speed.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, NodeId } from '../types.ts'
import type { Conduct } from './conduct.ts'
import type { Need } from './need.ts'

export class WorkerView {
  readonly id: NodeId
  name = ''
  boot = ''
  labels: Labels = {}
  /** What it has, and how much of it the tasks take that have a demand. */
  readonly room = new Room()
  /** What it is good for, while it has a session and is to be leased tasks. */
  readonly needs = new Set<Need>()
  /** The number of the open session; undefined while there is none. */
  session: number | undefined = undefined
  /** How many tasks may be leased, may not after all, and were, since the session began. */
  credit = 0
  withdrawn = 0
  /** By leases, or given up because there was nothing to lease. */
  used = 0
  /** It was told that more work waits for it. */
  saidMore = false
  /** The number of the last batch of leases, and one that has to be seen within a lease. */
  batch = 0
  awaited: { readonly batch: number; readonly sentAt: Millis } | undefined = undefined
  /** When it was heard to renew, or was leased the first of what it holds. */
  renewedAt: Millis = 0
  /** The machine looks then whether what it holds goes back to the queue; Infinity: never. */
  watchedAt: Millis = Infinity
  readonly held = new Set<Task>()
  /** How many slots they fill, but for those that are more than their jobs may run here. */
  #filled = 0
  readonly #heldOfJob = new Map<Job, number>()
  /** How fast tasks of jobs with a limit of their own end here. */
  readonly #speeds = new Map<JobId, Speed>()
  /** Jobs whose spec it has. */
  readonly knows = new Set<JobId>()
  readonly conduct: Conduct

  constructor(id: NodeId, conduct: Conduct) {
    this.id = id
    this.conduct = conduct
  }

  /** How many tasks it runs at once. */
  get slots(): number {
    return this.room.slots
  }

  set slots(slots: number) {
    this.room.slots = slots
  }

  /** How many tasks it would take now. */
  get openCredit(): number {
    return this.session === undefined ? 0 : this.credit - this.withdrawn - this.used
  }

  /** How many of the tasks it would take it could run at once. */
  get freeSlots(): number {
    return Math.max(0, this.slots - this.#filled)
  }

  /** What was said in a session that is over does not count in the next. */
  endSession(): void {
    this.session = undefined
    this.credit = 0
    this.withdrawn = 0
    this.used = 0
    this.saidMore = false
    this.batch = 0
    this.awaited = undefined
    this.knows.clear()
    this.#speeds.clear()
  }

  hold(task: Task): void {
    if (this.held.has(task)) return
    this.held.add(task)
    const { job } = task
    const held = this.#heldOf(job)
    if (held < slotsOf(job)) this.#filled += job.width
    this.#heldOfJob.set(job, held + 1)
    job.submitter.inHand += job.width
    if (job.need.demand !== undefined) this.room.take(job.need.demand)
  }

  release(task: Task): void {
    if (!this.held.delete(task)) return
    const { job } = task
    const left = this.#heldOf(job) - 1
    if (left < slotsOf(job)) this.#filled -= job.width
    job.submitter.inHand -= job.width
    if (job.need.demand !== undefined) this.room.giveBack(job.need.demand)
    if (left === 0) this.#heldOfJob.delete(job)
    else this.#heldOfJob.set(job, left)
  }

  /** It has tasks of the job. */
  holds(job: Job): boolean {
    return this.#heldOfJob.has(job)
  }

  /** Takes note that a task of the job ended here. */
  countEnd(job: Job, now: Millis): void {
    if (slotsOf(job) >= this.slots) return
    const speed = this.#speeds.get(job.id) ?? new Speed()
    this.#speeds.set(job.id, speed)
    speed.count(1, now)
  }

  /** What the tasks take that it has of this master leaves enough for one more. */
  fits(demand: Demand | undefined): boolean {
    return demand === undefined || this.room.fits(demand)
  }

  /**
   * The job has fewer tasks here than one worker may have of it: as many as it may run, and of short
   * ones about 100 ms of work more. A limit that is none here is left to the credit.
   */
  mayHoldMoreOf(job: Job, now: Millis): boolean {
    const slots = slotsOf(job)
    if (slots >= this.slots) return true
    const recent = this.#speeds.get(job.id)?.recent(now) ?? 0
    return this.#heldOf(job) < Math.max(slots, recent)
  }

  /** It has no use for the job's spec any more; false if it never had it. */
  forgetJob(job: JobId): boolean {
    this.#speeds.delete(job)
    return this.knows.delete(job)
  }

  #heldOf(job: Job): number {
    return this.#heldOfJob.get(job) ?? 0
  }
}

/** How many tasks of the job one worker may run at a time. */
function slotsOf({ spec }: Job): number {
  return spec.slotsMax ?? Infinity
}
