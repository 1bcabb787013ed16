/**
 * A node as a master: the master machine between its users and its workers' sessions.
 *
 * A report whose output is a blob is told to the machine only once the blob is here: until then it
 * is not accepted, and the worker keeps it.
 */
import { P2pJobsError } from '../core/errors.ts'
import { assert } from '../core/assert.ts'
import type { JobOptions } from '../core/job.ts'
import type { MasterEffect, MasterEvent, MasterNotice } from '../core/master/events.ts'
import { Master } from '../core/master/master.ts'
import type { JournalRecord } from '../core/master/journal.ts'
import type { MasterConfig } from '../core/master/state.ts'
import type { MasterMessage, Report, WorkerMessage } from '../core/messages.ts'
import { payloadsOf } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { Spec } from '../core/spec.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobRef, JobId, NodeId, Payload } from '../core/types.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Journal } from '../journal/journal.ts'
import { checkSpec } from '../wire/spec.ts'
import { Driver } from './driver.ts'
import type { Link, ObtainBlob } from './link.ts'
import { Outbox } from './outbox.ts'
import { LiveOutput } from './live-output.ts'
import type { LiveEnd, LivePiece, LiveStart } from './live-output.ts'
import { MasterBlobs } from './master-blobs.ts'
import { OutputFetches } from './output-fetches.ts'

type WorkerLink = Link<MasterMessage, WorkerMessage>

interface Session {
  readonly number: number
  readonly link: WorkerLink
}

export interface MasterRoleInit {
  readonly config: MasterConfig
  /** Names the record of its jobs: that of the process, or of the journal. */
  readonly epoch: string
  /** Undefined: its jobs end with its process. */
  readonly journal?: Journal
  readonly blobs: BlobStore
  onNotice(notice: MasterNotice): void
  /**
   * Something a person should know, in one line; `isPassing`: trouble with one connection, which is
   * healed by itself.
   */
  onProblem(text: string, isPassing?: boolean): void
}

export class MasterRole {
  readonly #init: MasterRoleInit
  readonly #machine: Master
  readonly #driver: Driver<MasterEvent, MasterEffect>
  readonly #fetches: OutputFetches
  readonly #outbox: Outbox<MasterEffect, JournalRecord> | undefined
  readonly #live: LiveOutput
  readonly #sessions = new Map<NodeId, Session>()
  readonly #blobs: MasterBlobs
  #nextSession = 1
  #isRefusing: (worker: NodeId) => boolean = () => false

  /** A master that is rebuilt from its journal. Throws JOURNAL_FAILED. */
  static async restore(init: MasterRoleInit & { readonly journal: Journal }): Promise<MasterRole> {
    const role = new MasterRole(init)
    for await (const pieces of init.journal.load()) {
      for (const saved of pieces) role.#machine.restore(saved)
    }
    role.#driver.dispatch({ type: 'recovered' })
    return role
  }

  constructor(init: MasterRoleInit) {
    this.#init = init
    this.#machine = new Master(init.config)
    this.#blobs = new MasterBlobs(init.blobs, (text) => init.onProblem(text))
    this.#driver = new Driver(this.#machine, (effects) => this.#onEffects(effects))
    this.#outbox = init.journal && this.#outboxTo(init.journal)
    this.#live = new LiveOutput({
      find: (job, task) => this.#machine.runningAttempt(job, task),
      send: (worker, message) => {
        const session = this.#sessions.get(worker)
        session?.link.send(message)
        return session !== undefined
      }
    })
    this.#fetches = new OutputFetches({
      isWanted: (worker, report) => this.#machine.wants(worker, report),
      onArrived: (worker, report, obtained) => this.#onArrived(worker, report, obtained),
      release: (obtained) => this.#blobs.drop(obtained),
      onProblem: (text) => init.onProblem(text, true)
    })
  }

  /** What the machine knows, to look at. */
  get state(): Master['state'] {
    return this.#machine.state
  }

  /** Names the record of its jobs: workers keep what they hold for it over its restarts. */
  get epoch(): string {
    return this.#init.epoch
  }

  get nextJob(): JobId {
    return this.#machine.nextJob
  }

  /** Brings the machine what a user asks for; of a durable master, what is on disk already. */
  tell(event: Exclude<MasterEvent, { type: 'message' | 'disconnected' | 'recovered' }>): void {
    this.#driver.dispatch(event)
  }

  /** Resolves when all that has happened so far is recorded, and was told. */
  async flushed(): Promise<void> {
    await this.#outbox?.flushed()
  }

  /** Opens a job; tasks are added with `add`, until `close`. Throws USAGE or LIMIT: nothing is recorded. */
  submit(spec: Spec, options: JobOptions): JobId {
    assert(this.#outbox === undefined, 'jobs of a durable master are submitted by DurableJobs')
    checkSpec(spec)
    const refusal = this.#machine.submitRefusal()
    if (refusal !== undefined) throw refusal
    const job = this.#machine.nextJob
    this.#driver.dispatch({ type: 'submit', job, spec, options })
    return job
  }

  /** Adds tasks, all or none. Throws LIMIT: nothing is recorded. */
  add(job: JobId, inputs: readonly Payload[]): void {
    const refusal = this.#machine.addRefusal(job, inputs.length)
    if (refusal !== undefined) throw refusal
    this.#driver.dispatch({ type: 'add', job, inputs })
  }

  close(job: JobId): void {
    this.#driver.dispatch({ type: 'close', job })
  }

  cancel(job: JobId, reason: string): void {
    this.#driver.dispatch({ type: 'cancel', job, reason })
  }

  cancelTasks(job: JobId, tasks: readonly number[], reason: string): void {
    this.#driver.dispatch({ type: 'cancel-tasks', job, tasks, reason })
  }

  /** Leases nothing more and lets the workers go. */
  drain(): void {
    this.#driver.dispatch({ type: 'drain' })
  }

  /** Workers of whom no session is accepted. */
  refuse(isRefused: (worker: NodeId) => boolean): void {
    this.#isRefusing = isRefused
  }

  /** Serves a session that a worker opened. */
  accept(worker: NodeId, link: WorkerLink, obtainBlob: ObtainBlob): void {
    if (this.#isRefusing(worker)) {
      link.close()
      return
    }
    if (this.#outbox?.isStuck === true) {
      // It could not be told that anything of its was recorded: it keeps all, and comes again.
      link.abort('the master cannot write its journal')
      return
    }
    const session = this.#nextSession++
    // The newest session counts: an older one is of a connection that died unnoticed.
    this.#sessions.get(worker)?.link.abort('a newer session was opened')
    this.#sessions.set(worker, { number: session, link })
    link.listen(
      (message) => {
        if (message.type === 'output') {
          if (this.#sessions.get(worker)?.number === session) this.#live.onOutput(worker, message)
        } else if (message.type === 'report' && message.reports.some(hasBlob)) {
          this.#receiveReports(worker, session, message.reports, obtainBlob)
        } else this.#driver.dispatch({ type: 'message', worker, session, message })
        if (message.type === 'hold') this.#live.onOpened(worker)
      },
      (error) => {
        if (error !== undefined)
          this.#init.onProblem(`session with ${worker}: ${error.message}`, true)
        if (this.#sessions.get(worker)?.number === session) {
          this.#sessions.delete(worker)
          this.#live.onClosed(worker)
        }
        this.#driver.dispatch({ type: 'disconnected', worker, session })
      }
    )
  }

  /**
   * What the attempt of a task that runs now prints on a stream, from a place on, as it comes and
   * until it ends: see `LiveOutput.follow`. Who reads slowly keeps nobody waiting.
   */
  readLive(start: LiveStart, signal: AbortSignal): AsyncGenerator<LivePiece, LiveEnd, undefined> {
    return this.#live.follow(start, signal)
  }

  /** The bytes of an output, in chunks. */
  read(payload: Payload, offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#blobs.read(payload, offset)
  }

  /** All bytes of an output, not to be changed. */
  async bytesOf(payload: Payload): Promise<Uint8Array> {
    return await this.#blobs.bytesOf(payload)
  }

  /** The result with its output on disk, for a reader who comes late. */
  async setAside(result: Result): Promise<Result> {
    return await this.#blobs.setAside(result)
  }

  /** The result's output is not needed any more. */
  async release(result: Result): Promise<void> {
    await this.#blobs.release(result)
  }

  /** Keeps bytes as a blob that every worker may read: see `MasterBlobs.publish`. */
  async publish(bytes: Uint8Array): Promise<BlobRef> {
    return await this.#blobs.publish(bytes)
  }

  /** Nobody needs to read the blob any more. */
  async withdraw(ref: BlobRef): Promise<void> {
    await this.#blobs.withdraw(ref)
  }

  /** A blob that was published, for a worker with a session. Throws BLOB_NOT_FOUND. */
  readFor(worker: NodeId, ref: BlobRef, offset: number): ReturnType<BlobStore['read']> {
    if (this.#sessions.has(worker)) return this.#blobs.readPublished(ref, offset)
    throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${ref.blob} is not for this node`)
  }

  /** Ends all sessions; what was sent goes out first. */
  stop(): void {
    this.#driver.stop()
    this.#outbox?.stop()
    this.#live.stop()
    for (const { link } of this.#sessions.values()) link.close()
    this.#sessions.clear()
  }

  /** Reports without blobs, or that nobody waits for, are told at once. */
  #receiveReports(
    worker: NodeId,
    session: number,
    reports: readonly Report[],
    obtainBlob: ObtainBlob
  ): void {
    const whole: Report[] = []
    for (const report of reports) {
      if (!hasBlob(report) || !this.#machine.wants(worker, report)) whole.push(report)
      else this.#fetches.add(worker, report, obtainBlob)
    }
    if (whole.length === 0) return
    const message = { type: 'report', reports: whole } as const
    this.#driver.dispatch({ type: 'message', worker, session, message })
  }

  #onArrived(worker: NodeId, report: Report, obtained: readonly BlobRef[]): void {
    const session = this.#sessions.get(worker)?.number
    if (session !== undefined) {
      const message = { type: 'report', reports: [report] } as const
      this.#driver.dispatch({ type: 'message', worker, session, message })
    }
    this.#blobs.drop(obtained)
    if (this.#outbox !== undefined) this.#blobs.handOver(obtained)
  }

  #outboxTo(journal: Journal): Outbox<MasterEffect, JournalRecord> {
    return new Outbox({
      commit: (records) => journal.commit(records),
      recordsOf: ({ record }) => (isCommittedAhead(record) ? [] : [record]),
      perform: (effects) => this.#perform(effects),
      onStuck: ({ message }) => {
        this.#init.onProblem(`${message}; workers keep their results until it can be written again`)
        for (const { link } of this.#sessions.values()) link.abort('the journal cannot be written')
      },
      onRecovered: () => this.#init.onProblem('the journal can be written again')
    })
  }

  #onEffects(effects: readonly MasterEffect[]): void {
    for (const effect of effects) if (effect.type === 'emit') this.#record(effect.notice)
    if (this.#outbox === undefined) this.#perform(effects)
    else this.#outbox.add(effects)
  }

  #perform(effects: readonly MasterEffect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: MasterEffect): void {
    switch (effect.type) {
      case 'send': {
        const session = this.#sessions.get(effect.worker)
        if (session?.number !== effect.session) return
        session.link.send(effect.message, effect.patienceMs)
        return
      }
      case 'disconnect': {
        const session = this.#sessions.get(effect.worker)
        if (session?.number === effect.session) session.link.abort(effect.reason)
        return
      }
      case 'close': {
        const session = this.#sessions.get(effect.worker)
        if (session?.number === effect.session) session.link.close()
        return
      }
      case 'emit':
        this.#init.onNotice(effect.notice)
        return
      case 'journal':
        // Of a durable master the outbox has written it; one in memory keeps no record.
        return
    }
  }

  #record(notice: MasterNotice): void {
    if (notice.type === 'setback') this.#live.onConcluded(notice.job, notice.task)
    if (notice.type !== 'settled') return
    this.#live.onConcluded(notice.job, notice.task)
    this.#blobs.record(notice.result)
  }
}

function hasBlob({ result }: Report): boolean {
  return payloadsOf(result).some(isBlobRef)
}

/** What users ask for is on disk before the machine is told. */
function isCommittedAhead({ type }: JournalRecord): boolean {
  return type === 'submitted' || type === 'added' || type === 'closed'
}
