/**
 * A worker as its master sees it: the session, the credit it gave, and what it holds.
 */
import type { Job } from '../job.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, NodeId } from '../types.ts'

export class WorkerView {
  readonly id: NodeId
  name = ''
  boot = ''
  slots = 0
  /** The number of the open session; undefined while there is none. */
  session: number | undefined = undefined
  /** How many tasks may be leased, and have been leased, since the session began. */
  credit = 0
  leased = 0
  /** It was told that more work waits for it. */
  saidMore = false
  /** The number of the last batch of leases, and those not yet known to have arrived. */
  batch = 0
  unseen: { batch: number; sentAt: Millis }[] = []
  /** When everything it holds goes back to the queue, unless it renews. */
  expiresAt: Millis = 0
  /** A deadline for `expiresAt` is in the machine's heap. */
  isWatched = false
  readonly held = new Set<Task>()
  /** How many of them are of which job. */
  readonly #heldOfJob = new Map<Job, number>()
  /** Jobs whose spec it got in this session. */
  readonly knows = new Set<JobId>()
  /** Fast failures since its last success, and until when it gets nothing because of them. */
  fastFailures = 0
  rests = 0
  restUntil: Millis = 0

  constructor(id: NodeId) {
    this.id = id
  }

  /** How many tasks it would take now. */
  get openCredit(): number {
    return this.session === undefined ? 0 : this.credit - this.leased
  }

  hold(task: Task): void {
    if (this.held.has(task)) return
    this.held.add(task)
    this.#heldOfJob.set(task.job, this.#heldOf(task.job) + 1)
  }

  release(task: Task): void {
    if (!this.held.delete(task)) return
    const left = this.#heldOf(task.job) - 1
    if (left === 0) this.#heldOfJob.delete(task.job)
    else this.#heldOfJob.set(task.job, left)
  }

  /** The job may run here, and fewer tasks of it do than one worker may run. */
  mayHoldMoreOf(job: Job): boolean {
    const { worker } = job.options
    if (worker !== undefined && worker !== this.id && worker !== this.name) return false
    const slotsMax = job.spec.slotsMax ?? Infinity
    // Without a real limit here, more tasks than slots may be in hand.
    return slotsMax >= this.slots || this.#heldOf(job) < slotsMax
  }

  #heldOf(job: Job): number {
    return this.#heldOfJob.get(job) ?? 0
  }

  /** It would take a task and run it at once. */
  get isIdle(): boolean {
    return this.held.size < this.slots
  }
}
