/**
 * The state of a master machine, and the few ways in which every part of it changes.
 */
import { Heap } from '../heap.ts'
import type { Job } from '../job.ts'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS } from '../limits.ts'
import type { MasterMessage } from '../messages.ts'
import { Rng } from '../rng.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, NodeId } from '../types.ts'
import type { MasterEffect, MasterNotice } from './events.ts'
import type { JournalRecord } from './journal.ts'
import type { WorkerView } from './worker-view.ts'

export interface MasterConfig {
  readonly leaseMs: Millis
  /** How long workers keep this master's work once they lost it. */
  readonly keepMs: Millis
  /** Journal records are wanted. */
  readonly isDurable: boolean
  /** For jitter. */
  readonly seed: number
}

/** Something the machine has to look at when its time comes; stale ones are passed over. */
export type Deadline =
  | { readonly at: Millis; readonly type: 'lease' | 'rest'; readonly view: WorkerView }
  | { readonly at: Millis; readonly type: 'retry'; readonly task: Task }

export class MasterState {
  readonly config: MasterConfig
  readonly rng: Rng
  readonly jobs = new Map<JobId, Job>()
  /** Jobs with waiting tasks, in the order in which they are served. */
  readonly backlog: Job[] = []
  readonly workers = new Map<NodeId, WorkerView>()
  /** Workers with open credit: with a free slot, and with none. First come, first served. */
  readonly idle = new Set<WorkerView>()
  readonly busy = new Set<WorkerView>()
  readonly deadlines = new Heap<Deadline>((a, b) => a.at < b.at)
  nextJob = 1
  waitingTasks = 0
  /** Slots of all workers with a session, and how many such workers there are. */
  connectedSlots = 0
  connectedWorkers = 0
  isDraining = false

  #records: MasterEffect[] = []
  #effects: MasterEffect[] = []

  constructor(config: MasterConfig) {
    this.config = config
    this.rng = new Rng(config.seed)
  }

  record(record: JournalRecord): void {
    if (this.config.isDurable) this.#records.push({ type: 'journal', record })
  }

  send(view: WorkerView, message: MasterMessage): void {
    if (view.session === undefined) return
    this.#effects.push({ type: 'send', worker: view.id, session: view.session, message })
  }

  disconnect(worker: NodeId, session: number, reason: string): void {
    this.#effects.push({ type: 'disconnect', worker, session, reason })
  }

  emit(notice: MasterNotice): void {
    this.#effects.push({ type: 'emit', notice })
  }

  /** All effects of one event: first what has to be on disk, then the rest. */
  takeEffects(): MasterEffect[] {
    const effects = this.#records.length > 0 ? this.#records.concat(this.#effects) : this.#effects
    this.#records = []
    this.#effects = []
    return effects
  }

  /** A wait that doubles from the least to the most, and a random half off, so that waits spread. */
  backoff(times: number): Millis {
    const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(times - 1, 16))
    return this.rng.integer(whole >> 1, whole)
  }

  /** Puts a worker where its open credit belongs. To be called after every change of it. */
  file(view: WorkerView, now: Millis): void {
    const mayTake = view.openCredit > 0 && view.restUntil <= now
    if (mayTake && view.isIdle) this.idle.add(view)
    else this.idle.delete(view)
    if (mayTake && !view.isIdle) this.busy.add(view)
    else this.busy.delete(view)
  }

  /** Wakes the machine when the worker's leases may have expired. */
  watch(view: WorkerView): void {
    if (view.isWatched) return
    view.isWatched = true
    this.deadlines.push({ at: view.expiresAt, type: 'lease', view })
  }

  /** Makes a task wait that is new or comes back, and its job be served. */
  countWaiting(job: Job, tasks: number): void {
    this.waitingTasks += tasks
    if (job.counts.waiting > 0) enlist(this.backlog, job)
  }
}

/** Inserts a job by priority, then age; nothing if it is there. */
function enlist(backlog: Job[], job: Job): void {
  let low = 0
  let high = backlog.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(backlog[middle] as Job, job)) low = middle + 1
    else high = middle
  }
  if (backlog[low] !== job) backlog.splice(low, 0, job)
}

function isBefore(a: Job, b: Job): boolean {
  const difference = b.options.priority - a.options.priority
  return difference === 0 ? a.id < b.id : difference < 0
}
