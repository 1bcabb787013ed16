/**
 * The state of a master machine, and the few ways in which every part of it changes.
 */
import { Heap } from '../heap.ts'
import { Job } from '../job.ts'
import type { Backoff, Dependency, JobOptions } from '../job.ts'
import {
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  DEADLINES_SPARE,
  IDLE_RENEWAL_MS,
  LAST_ENDS_MAX
} from '../limits.ts'
import type { MasterMessage } from '../messages.ts'
import { Rng } from '../rng.ts'
import type { Spec } from '../spec.ts'
import type { Task } from '../task.ts'
import type { JobId, Millis, NodeId } from '../types.ts'
import { Conducts } from './conduct.ts'
import type { MasterEffect, MasterNotice } from './events.ts'
import type { JournalRecord, SavedEnd } from './journal.ts'
import { Need, needKey } from './need.ts'
import type { Place } from './need.ts'
import { Submitter } from './submitter.ts'
import type { WorkerView } from './worker-view.ts'

const USUAL_BACKOFF: Backoff = {
  kind: 'exponential',
  firstMs: BACKOFF_MIN_MS,
  maxMs: BACKOFF_MAX_MS
}

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
  | { readonly at: Millis; readonly type: 'start'; readonly job: Job }
  | { readonly at: Millis; readonly type: 'stragglers'; readonly job: Job }

export class MasterState {
  readonly config: MasterConfig
  readonly rng: Rng
  readonly jobs = new Map<JobId, Job>()
  readonly workers = new Map<NodeId, WorkerView>()
  readonly conducts = new Conducts()
  /** What jobs ask of workers; one of them asks nothing, and is always there. */
  readonly plain = new Need({}, {})
  readonly needs = new Map<string, Need>([[this.plain.key, this.plain]])
  /** Those with tasks that wait, and with a worker that suits. */
  readonly open = new Set<Need>()
  readonly submitters = new Map<string, Submitter>()
  /** Jobs that wait for the end of another one, by that one. */
  readonly awaiters = new Map<JobId, Set<Job>>()
  /** Jobs whose tasks are to be aborted, and ends that others may have waited for. */
  readonly doomed = new Set<Job>()
  readonly ends: SavedEnd[] = []
  /** Workers that hold less, since the other attempt of a task has ended it. */
  readonly relieved = new Set<WorkerView>()
  /** The last of them: of a job that ends while another one that names it is being written down. */
  readonly lastEnds = new Map<JobId, SavedEnd>()
  /** Workers that a person lets have nothing more, also when they come back to this process. */
  readonly drained = new Set<NodeId>()
  readonly deadlines = new Heap<Deadline>((a, b) => a.at < b.at)
  #deadlinesMax = DEADLINES_SPARE
  nextJob = 1
  /** Also of jobs that wait for others. */
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

  send(view: WorkerView, message: MasterMessage, patienceMs: Millis = 0): void {
    if (view.session === undefined) return
    this.#effects.push({
      type: 'send',
      worker: view.id,
      session: view.session,
      message,
      patienceMs
    })
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

  /** How long to wait after so many attempts that came to nothing: as the job wants, or as usual. */
  backoff(times: number, { kind, firstMs, maxMs }: Backoff = USUAL_BACKOFF): Millis {
    if (kind === 'fixed') return firstMs
    const whole = Math.min(maxMs, firstMs * 2 ** Math.min(times - 1, 60))
    return this.rng.integer(Math.floor(whole / 2), whole)
  }

  /** Takes a job in. */
  addJob(id: JobId, spec: Spec, options: JobOptions, now: Millis): Job {
    const need = this.#needOf(spec, options, now)
    const submitter = this.#submitterOf(options.submitter ?? '')
    const job = new Job(id, spec, options, need, submitter)
    need.jobs++
    submitter.jobs++
    this.nextJob = Math.max(this.nextJob, id + 1)
    this.jobs.set(id, job)
    return job
  }

  /** Forgets a job that has ended; false if it was forgotten before. */
  dropJob({ id, need, submitter }: Job): boolean {
    if (!this.jobs.delete(id)) return false
    if (--submitter.jobs === 0) this.submitters.delete(submitter.name)
    if (--need.jobs > 0 || need === this.plain) return true
    for (const view of [...need.suitors]) need.part(view)
    this.open.delete(need)
    this.needs.delete(need.key)
    return true
  }

  #needOf(spec: Spec, options: JobOptions, now: Millis): Need {
    const key = needKey(spec, options)
    const known = this.needs.get(key)
    if (known !== undefined) return known
    const need = new Need(spec, options)
    this.needs.set(key, need)
    for (const view of this.workers.values()) {
      if (!this.#mayServe(view) || !need.suits(view)) continue
      need.join(view)
      this.file(view, now)
    }
    return need
  }

  #submitterOf(name: string): Submitter {
    const submitter = this.submitters.get(name) ?? new Submitter(name)
    this.submitters.set(name, submitter)
    return submitter
  }

  #mayServe({ session, slots, id }: WorkerView): boolean {
    return session !== undefined && slots > 0 && !this.drained.has(id)
  }

  /** Finds out what a worker is good for, once its session is open and it may be leased tasks. */
  admit(view: WorkerView): void {
    if (!this.#mayServe(view)) return
    for (const need of this.needs.values()) {
      if (!need.suits(view)) continue
      need.join(view)
      if (need.waiting > 0) this.open.add(need)
    }
  }

  /** It is good for nothing any more. */
  dismiss(view: WorkerView): void {
    for (const need of [...view.needs]) {
      need.part(view)
      if (need.suitors.size === 0) this.open.delete(need)
    }
  }

  /** Puts a worker where it belongs. To be called after every change of what it has or offers. */
  file(view: WorkerView, now: Millis): void {
    const place = this.#placeOf(view, now)
    for (const need of view.needs) need.file(view, place, now)
  }

  #placeOf(view: WorkerView, now: Millis): Place | undefined {
    const hasCredit = view.openCredit > 0
    if (view.session === undefined) return undefined
    if (view.conduct.restUntil > now || (view.saidMore && !hasCredit)) return undefined
    if (!hasCredit) return 'unaware'
    return view.freeSlots > 0 ? 'idle' : 'busy'
  }

  /** Files the workers anew that may take tasks of a job that has come into a backlog. */
  unblock(now: Millis): void {
    for (const need of this.open) {
      if (!need.hasNewJob) continue
      need.hasNewJob = false
      for (const view of [...need.blocked]) this.file(view, now)
    }
  }

  /** When everything it holds goes back to the queue, or it is forgotten, unless it renews. */
  expiryOf({ renewedAt, held }: WorkerView): Millis {
    const { leaseMs } = this.config
    return renewedAt + leaseMs + (held.size > 0 ? 0 : IDLE_RENEWAL_MS)
  }

  /** Wakes the machine when the worker's leases may have expired. */
  watch(view: WorkerView): void {
    const at = this.expiryOf(view)
    if (view.watchedAt <= at) return
    view.watchedAt = at
    this.wakeAt({ at, type: 'lease', view })
  }

  /** Wakes the machine then. What has passed by meanwhile is cleared out now and then. */
  wakeAt(deadline: Deadline): void {
    this.deadlines.push(deadline)
    if (this.deadlines.size <= this.#deadlinesMax) return
    this.deadlines.filter((each) => !this.#isStale(each))
    this.#deadlinesMax = 2 * this.deadlines.size + DEADLINES_SPARE
  }

  #isStale(deadline: Deadline): boolean {
    if (deadline.type === 'start' || deadline.type === 'stragglers') {
      return !this.jobs.has(deadline.job.id)
    }
    if (deadline.type !== 'retry') return false
    const { task, at } = deadline
    return task.state !== 'retrying' || task.retryAt !== at
  }

  /** So many tasks of the job wait that did not. They are served, unless the job has to wait. */
  countWaiting(job: Job, tasks: number): void {
    this.waitingTasks += tasks
    if (job.isServed) this.#serve(job, tasks)
  }

  /** So many do not any more. To be called after they were moved. */
  uncountWaiting(job: Job, tasks = 1): void {
    this.waitingTasks -= tasks
    if (job.isServed) this.#unserve(job, tasks)
  }

  /** Lets a job wait for the end of another one. To be called before it has tasks. */
  holdBack(job: Job, { job: awaited, needs }: Dependency): void {
    if (job.doom !== undefined) return
    // Who names a job twice means both.
    if (job.awaits.get(awaited) !== 'ok') job.awaits.set(awaited, needs)
    job.isServed = false
    const awaiters = this.awaiters.get(awaited) ?? new Set()
    this.awaiters.set(awaited, awaiters.add(job))
  }

  /** One of the jobs has ended that it had to wait for. */
  letGo(job: Job, awaited: JobId): void {
    job.awaits.delete(awaited)
    if (job.awaits.size > 0 || job.doom !== undefined) return
    job.isServed = true
    this.#serve(job, job.counts.waiting)
  }

  /** A job has ended: others may have waited for it. */
  noteEnd(end: SavedEnd): void {
    this.ends.push(end)
    this.lastEnds.set(end.job, end)
    if (this.lastEnds.size <= LAST_ENDS_MAX) return
    for (const [oldest] of this.lastEnds) {
      this.lastEnds.delete(oldest)
      return
    }
  }

  /** None of its tasks runs any more. They end when this event has been dealt with. */
  doom(job: Job, reason: string): void {
    if (job.doom !== undefined) return
    job.doom = reason
    job.awaits.clear()
    this.doomed.add(job)
    if (!job.isServed) return
    job.isServed = false
    job.need.backlog.remove(job)
    this.#countServed(job.need, -job.counts.waiting)
  }

  #serve(job: Job, tasks: number): void {
    const { need } = job
    this.#countServed(need, tasks)
    if (job.counts.waiting > 0 && need.backlog.add(job)) need.hasNewJob = true
  }

  #unserve(job: Job, tasks: number): void {
    this.#countServed(job.need, -tasks)
    if (job.counts.waiting === 0) job.need.backlog.remove(job)
  }

  #countServed(need: Need, tasks: number): void {
    need.waiting += tasks
    if (need.waiting > 0 && need.suitors.size > 0) this.open.add(need)
    else this.open.delete(need)
  }
}
