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
import { Conducts } from './conduct.ts'
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
  | { readonly at: Millis; readonly type: 'lease'; readonly view: WorkerView }
  | { readonly at: Millis; readonly type: 'rest'; readonly worker: NodeId }
  | { readonly at: Millis; readonly type: 'retry'; readonly task: Task }

export class MasterState {
  readonly config: MasterConfig
  readonly rng: Rng
  readonly jobs = new Map<JobId, Job>()
  /** Jobs with waiting tasks, in the order in which they are served. */
  readonly backlog: Job[] = []
  readonly workers = new Map<NodeId, WorkerView>()
  readonly conducts = new Conducts()
  /** Workers with open credit: with a free slot, and with none. First come, first served. */
  readonly idle = new Set<WorkerView>()
  readonly busy = new Set<WorkerView>()
  /** Workers that have as many tasks of every waiting job as the jobs allow. */
  readonly blocked = new Set<WorkerView>()
  /** Workers without open credit that do not know that work waits. */
  readonly unaware = new Set<WorkerView>()
  /** A job has come into the backlog: nobody who is blocked may be blocked by it. */
  hasNewJob = false
  readonly deadlines = new Heap<Deadline>((a, b) => a.at < b.at)
  nextJob = 1
  waitingTasks = 0
  /** Slots of all workers with a session, and how many such workers there are. */
  connectedSlots = 0
  connectedWorkers = 0
  isDraining = false
  /** Workers that a person lets have nothing more, also when they come back. */
  readonly drained = new Set<NodeId>()

  #records: MasterEffect[] = []
  #effects: MasterEffect[] = []

  constructor(config: MasterConfig) {
    this.config = config
    this.rng = new Rng(config.seed)
  }

  /** It is given nothing now: it failed at everything, or somebody said so. */
  rests(view: WorkerView, now: Millis): boolean {
    return view.conduct.restUntil > now || this.drained.has(view.id)
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

  close(worker: NodeId, session: number): void {
    this.#effects.push({ type: 'close', worker, session })
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

  /** Puts a worker where it belongs. To be called after every change of what it has or offers. */
  file(view: WorkerView, now: Millis): void {
    const place = this.#placeOf(view, now)
    for (const other of [this.idle, this.busy, this.blocked, this.unaware]) {
      if (other !== place) other.delete(view)
    }
    place?.add(view)
  }

  #placeOf(view: WorkerView, now: Millis): Set<WorkerView> | undefined {
    const hasCredit = view.openCredit > 0
    if (view.session === undefined || view.slots === 0) return undefined
    if (this.rests(view, now) || (view.saidMore && !hasCredit)) return undefined
    const isBlocked = this.backlog.length > 0 && !this.backlog.some(mayHold(view, now))
    if (isBlocked) return this.blocked
    if (!hasCredit) return this.unaware
    return view.freeSlots > 0 ? this.idle : this.busy
  }

  /** Files the workers anew that may take tasks of a job that has come into the backlog. */
  unblock(now: Millis): void {
    if (!this.hasNewJob) return
    this.hasNewJob = false
    for (const view of [...this.blocked]) this.file(view, now)
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
    if (job.counts.waiting > 0 && enlist(this.backlog, job)) this.hasNewJob = true
  }
}

function mayHold(view: WorkerView, now: Millis): (job: Job) => boolean {
  return (job) => view.mayHoldMoreOf(job, now)
}

/** Inserts a job by priority, then age; false if it is there. */
function enlist(backlog: Job[], job: Job): boolean {
  let low = 0
  let high = backlog.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(backlog[middle] as Job, job)) low = middle + 1
    else high = middle
  }
  if (backlog[low] === job) return false
  backlog.splice(low, 0, job)
  return true
}

function isBefore(a: Job, b: Job): boolean {
  const difference = b.options.priority - a.options.priority
  return difference === 0 ? a.id < b.id : difference < 0
}
