/**
 * The jobs of a durable master, as its users see them: what they ask for is on disk before the
 * machine is told, and what they are told has been recorded.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import {
  ENDED_JOBS_KEPT_MAX,
  ENDED_JOBS_KEPT_MS,
  JOBS_MAX,
  JOURNAL_BYTES_MAX,
  PRUNE_EVERY_MS,
  TASKS_MAX
} from '../core/limits.ts'
import type { MasterNotice } from '../core/master/events.ts'
import { tooManyJobs, tooManyTasks } from '../core/master/jobs.ts'
import type { JournalRecord, SavedEnd } from '../core/master/journal.ts'
import type { Spec } from '../core/spec.ts'
import type { BlobRef, JobId, NodeId, Payload } from '../core/types.ts'
import type { Journal } from '../journal/journal.ts'
import { FedJob } from './fed-job.ts'
import type { FedJobInit } from './fed-job.ts'
import type { LiveEnd, LivePiece, LiveStart } from './live-output.ts'
import type { MasterRole } from './master-role.ts'

export interface DurableJobsInit {
  readonly journal: Journal
  readonly master: MasterRole
  /** Drops one reference to each of these blobs. */
  release(blobs: readonly BlobRef[]): Promise<void>
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

/** How long a job that was not whole when the master ended waits for the rest of its tasks. */
const FEEDER_WAIT_MS = 60_000
const VANISHED = 'whoever submitted it vanished before all its tasks were submitted'

export class DurableJobs {
  readonly journal: Journal
  readonly #init: DurableJobsInit
  readonly #listeners = new Set<(notice: MasterNotice) => void>()
  readonly #fed = new Map<JobId, FedJob>()
  /** The last id that was given to a job, also to one that is not on disk yet. */
  #lastJob: number
  #submitting = 0
  /** There was space in this turn of the event loop, which may bring thousands of tasks. */
  #isSpaceKnown = false
  #isStopped = false
  #pruning: NodeJS.Timeout | undefined
  #waiting: NodeJS.Timeout | undefined

  constructor(init: DurableJobsInit) {
    this.#init = init
    this.journal = init.journal
    this.#lastJob = init.master.nextJob - 1
    this.#awaitFeeders()
  }

  /** What the machine knows of jobs that live. */
  get state(): MasterRole['state'] {
    return this.#init.master.state
  }

  /**
   * Opens a job, which is on disk when this resolves. Throws LIMIT, JOURNAL_FULL, JOURNAL_FAILED,
   * and NOT_FOUND when it is to wait for a job that does not exist; then nothing has changed.
   */
  async submit(spec: Spec, options: JobOptions): Promise<JobId> {
    return await this.#submit(spec, options, undefined)
  }

  /** Submits a job with all its tasks at once. Throws like `submit`. */
  async submitWhole(spec: Spec, options: JobOptions, inputs: readonly Payload[]): Promise<JobId> {
    return await this.#submit(spec, options, inputs)
  }

  /** Adds tasks, all or none; they are on disk when this resolves. */
  async add(job: JobId, inputs: readonly Payload[]): Promise<void> {
    this.#checkSpace()
    const fed = this.#fedOf(job)
    if (fed.tasks + inputs.length > TASKS_MAX) throw tooManyTasks(fed.tasks)
    try {
      await fed.add(inputs)
    } catch (error) {
      // Nobody knows what comes next in a job with a gap: its submitter has to be told, and ends it.
      this.#fed.delete(job)
      throw error
    }
  }

  /** No more tasks will come. */
  async close(job: JobId): Promise<void> {
    this.#fedOf(job).flush()
    await this.journal.commit([{ type: 'closed', job }])
    this.#fed.delete(job)
    this.#init.master.tell({ type: 'close', job })
  }

  /** Ends a job; resolves when that is recorded. A job that has ended stays as it is. */
  async cancel(job: JobId, reason: string): Promise<void> {
    this.#fed.get(job)?.flush()
    this.#fed.delete(job)
    this.#init.master.tell({ type: 'cancel', job, reason })
    await this.#init.master.flushed()
  }

  async cancelTasks(job: JobId, tasks: readonly number[], reason: string): Promise<void> {
    this.#init.master.tell({ type: 'cancel-tasks', job, tasks, reason })
    await this.#init.master.flushed()
  }

  /** Forgets jobs that have ended, and their outputs. Throws TOO_EARLY when one has not. */
  async forget(jobs: readonly JobId[]): Promise<void> {
    const alive = jobs.find((job) => this.state.jobs.has(job))
    if (alive !== undefined) {
      throw new P2pJobsError('TOO_EARLY', `job ${alive} has not ended: cancel it, or wait for it`)
    }
    await this.#init.release(await this.journal.forget(jobs))
  }

  /** Leases nothing more and lets all workers go. */
  drain(): void {
    this.#init.master.drain()
  }

  /** Leases nothing more to a worker, by its name or id, or does again; false: there is no such. */
  drainWorker(nameOrId: string, isDraining: boolean): boolean {
    const { workers, drained } = this.state
    const isMeant = ({ id, name }: { readonly id: NodeId; readonly name: string }): boolean =>
      id === nameOrId || name === nameOrId
    const meant = [...workers.values()].filter(isMeant).map(({ id }) => id)
    // One that has gone may be taken back all the same.
    const gone = [...drained].filter((id) => id === nameOrId && !workers.has(id))
    for (const worker of [...meant, ...gone]) {
      this.#init.master.tell({ type: 'drain-worker', worker, isDraining })
    }
    return meant.length + gone.length > 0
  }

  /** What the running attempt of a task prints, as it comes: see `LiveOutput.follow`. */
  readLive(start: LiveStart, signal: AbortSignal): AsyncGenerator<LivePiece, LiveEnd, undefined> {
    return this.#init.master.readLive(start, signal)
  }

  /** Every notice of the master, once its records are on disk, until the returned function is called. */
  watch(listener: (notice: MasterNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The bytes of an input or output, in chunks. */
  read(payload: Payload, offset = 0): AsyncIterable<Uint8Array> {
    return this.#init.master.read(payload, offset)
  }

  /** To be told every notice of the master. */
  onNotice(notice: MasterNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }

  /** Forgets what ended long ago, now and from time to time. */
  startPruning(): void {
    void this.#prune()
    this.#pruning = setInterval(() => void this.#prune(), PRUNE_EVERY_MS)
    this.#pruning.unref()
  }

  /** The journal is about to be closed. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#pruning)
    clearTimeout(this.#waiting)
  }

  /** Who was feeding a job when the master ended may come back for a while. */
  #awaitFeeders(): void {
    for (const { id, isOpen, lastTask } of this.state.jobs.values()) {
      if (isOpen) this.#feed(id, lastTask)
    }
    const before = new Map([...this.#fed].map(([job, { tasks }]) => [job, tasks]))
    if (before.size === 0) return
    this.#waiting = setTimeout(() => {
      for (const [job, tasks] of before) {
        if (this.#fed.get(job)?.tasks === tasks) void this.cancel(job, VANISHED)
      }
    }, FEEDER_WAIT_MS)
    this.#waiting.unref()
  }

  async #submit(
    spec: Spec,
    options: JobOptions,
    inputs: readonly Payload[] | undefined
  ): Promise<JobId> {
    this.#checkSpace()
    if (this.state.jobs.size + this.#submitting >= JOBS_MAX) throw tooManyJobs()
    if ((inputs?.length ?? 0) > TASKS_MAX) throw tooManyTasks(0)
    this.#submitting++
    try {
      const ends = await this.#endsOf(options)
      const job = ++this.#lastJob as JobId
      await this.journal.commit(recordsOf(job, spec, options, inputs))
      this.#tell(job, spec, options, ends, inputs)
      return job
    } finally {
      this.#submitting--
    }
  }

  #tell(
    job: JobId,
    spec: Spec,
    options: JobOptions,
    ends: readonly SavedEnd[],
    inputs: readonly Payload[] | undefined
  ): void {
    const { master } = this.#init
    master.tell({ type: 'submit', job, spec, options, ends })
    if (inputs === undefined) {
      this.#feed(job, 0)
      return
    }
    if (inputs.length > 0) master.tell({ type: 'add', job, inputs })
    master.tell({ type: 'close', job })
  }

  /** How those jobs ended that the new one waits for, of those that have ended. */
  async #endsOf({ after = [] }: JobOptions): Promise<readonly SavedEnd[]> {
    const over = after.map(({ job }) => job).filter((job) => !this.state.jobs.has(job))
    if (over.length === 0) return []
    const ends = await this.journal.ends(over)
    const missing = over.find(
      (id) => !this.state.jobs.has(id) && !ends.some(({ job }) => job === id)
    )
    if (missing === undefined) return ends
    throw new P2pJobsError('NOT_FOUND', `there is no job ${missing} (any more) to wait for`)
  }

  #feed(job: JobId, tasks: number): void {
    const write: FedJobInit['write'] = async (record) => {
      await this.journal.commit([record])
      this.#init.master.tell({ type: 'add', job, inputs: record.inputs })
    }
    this.#fed.set(job, new FedJob({ job, tasks, write }))
  }

  #fedOf(job: JobId): FedJob {
    const fed = this.#fed.get(job)
    if (fed !== undefined) return fed
    throw new P2pJobsError('NOT_FOUND', `job ${job} takes no tasks: it was canceled or closed`)
  }

  #checkSpace(): void {
    if (this.#isSpaceKnown) return
    const refusal = this.journal.refusal()
    if (refusal !== undefined) throw refusal
    this.#isSpaceKnown = true
    setImmediate(() => (this.#isSpaceKnown = false))
  }

  async #prune(): Promise<void> {
    const bounds = {
      ageMs: ENDED_JOBS_KEPT_MS,
      jobs: ENDED_JOBS_KEPT_MAX,
      bytes: JOURNAL_BYTES_MAX
    }
    try {
      await this.#init.release(await this.journal.prune(bounds))
    } catch (error) {
      // What was not forgotten is at the next start.
      if (!this.#isStopped)
        this.#init.onProblem(`cannot forget old jobs: ${toError(error).message}`)
    }
  }
}

function recordsOf(
  job: JobId,
  spec: Spec,
  options: JobOptions,
  inputs: readonly Payload[] | undefined
): JournalRecord[] {
  const records: JournalRecord[] = [{ type: 'submitted', job, spec, options }]
  if (inputs === undefined) return records
  if (inputs.length > 0) records.push({ type: 'added', job, first: 1, inputs })
  records.push({ type: 'closed', job })
  return records
}
