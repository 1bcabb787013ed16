/**
 * A node as a worker: the worker machine between its masters' sessions and the executor.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { MasterMessage, OutputStream, WorkerMessage } from '../core/messages.ts'
import { emptyResult } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { BlobRef, Millis, NodeId } from '../core/types.ts'
import type { KeptReport, WorkerEffect, WorkerEvent } from '../core/worker/events.ts'
import type { WorkerConfig } from '../core/worker/state.ts'
import { Worker } from '../core/worker/worker.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { isInline } from '../exec/executor.ts'
import type { Executor, ExecutorEvents, RunEnd, RunResult, TaskStart } from '../exec/executor.ts'
import type { Spool } from '../spool/spool.ts'
import { Driver } from './driver.ts'
import { BundleCache } from './bundle-cache.ts'
import type { DiskWatch } from './disk-watch.ts'
import type { Link, ObtainBlob } from './link.ts'
import { LiveReads } from './live-reads.ts'
import { TaskOutputs } from './task-outputs.ts'
import { TaskSupplies } from './task-supplies.ts'

type MasterLink = Link<WorkerMessage, MasterMessage>

interface Session {
  readonly number: number
  readonly link: MasterLink
  readonly obtainBlob: ObtainBlob
  /** This worker has said goodbye in it. */
  hasLeft: boolean
}

export interface WorkerRoleInit {
  readonly config: WorkerConfig
  readonly blobs: BlobStore
  /** Where results are kept for masters that are away; undefined: in memory only. */
  readonly spool?: Spool | undefined
  /** Told of what cannot be written for want of space. */
  readonly disk?: Pick<DiskWatch, 'note' | 'noteFull'> | undefined
  createExecutor(events: ExecutorEvents): Promise<Executor>
  /**
   * Something a person should know, in one line; `isPassing`: trouble with one connection, which is
   * healed by itself.
   */
  onProblem(text: string, isPassing?: boolean): void
}

export class WorkerRole {
  readonly #init: WorkerRoleInit
  readonly #machine: Worker
  readonly #driver: Driver<WorkerEvent, WorkerEffect>
  readonly #executor: Executor
  readonly #sessions = new Map<NodeId, Session>()
  readonly #supplies: TaskSupplies
  readonly #reads: LiveReads
  /** Tasks that wait for something to be fetched; false once they are not wanted any more. */
  readonly #fetching = new Map<number, boolean>()
  /** Whose task each run is. */
  readonly #owners = new Map<number, NodeId>()
  readonly #outputs: TaskOutputs
  readonly #drained = Promise.withResolvers<undefined>()
  #nextSession = 1

  /** Starts the executor, then is ready for masters. Throws EXECUTOR_FAILED. */
  static async create(init: WorkerRoleInit): Promise<WorkerRole> {
    const ready = Promise.withResolvers<WorkerRole>()
    const executor = await init.createExecutor({
      onStarted: (runs) => void ready.promise.then((role) => role.#onStarted(runs)),
      onEnded: (ends) => void ready.promise.then((role) => role.#onEnded(ends)),
      onProgress: (run, value) => void ready.promise.then((role) => role.#onProgress(run, value)),
      onPrinted: (run, stream) => void ready.promise.then((role) => role.#onPrinted(run, stream)),
      onNotice: (text) => init.onProblem(text),
      onNoSpace: () => void ready.promise.then(() => init.disk?.noteFull())
    })
    const role = new WorkerRole(init, executor)
    await role.#restore()
    ready.resolve(role)
    return await ready.promise
  }

  private constructor(init: WorkerRoleInit, executor: Executor) {
    this.#init = init
    this.#executor = executor
    const bundles = new BundleCache(init.blobs, (error) => {
      init.onProblem(`cannot remove a bundle: ${toError(error).message}`)
    })
    this.#supplies = new TaskSupplies(init.blobs, bundles)
    this.#reads = new LiveReads({
      linkOf: (master, number) => {
        const session = this.#sessions.get(master)
        return session?.number === number ? session.link : undefined
      },
      read: (run, range) => executor.read(run, range),
      onRead: (read, bytes) => this.#driver.dispatch({ type: 'read', read, bytes })
    })
    this.#outputs = new TaskOutputs(init.blobs)
    this.#machine = new Worker(init.config)
    this.#driver = new Driver(this.#machine, (effects) => this.#perform(effects))
  }

  /** What the machine knows, to look at. */
  get state(): Worker['state'] {
    return this.#machine.state
  }

  /** Serves a session with a master; resolves when it is over, true if this worker has left it. */
  async serve(
    master: NodeId,
    epoch: string,
    link: MasterLink,
    obtainBlob: ObtainBlob
  ): Promise<boolean> {
    const number = this.#nextSession++
    const session: Session = { number, link, obtainBlob, hasLeft: false }
    this.#sessions.set(master, session)
    const closed = Promise.withResolvers<undefined>()
    this.#driver.dispatch({ type: 'connected', master, epoch, session: number })
    link.listen(
      (message) => this.#driver.dispatch({ type: 'message', master, session: number, message }),
      (error) => {
        // Who has said goodbye does not mind how the session ends.
        if (error !== undefined && !session.hasLeft)
          this.#init.onProblem(`session with ${master}: ${error.message}`, true)
        if (this.#sessions.get(master) === session) this.#sessions.delete(master)
        this.#driver.dispatch({ type: 'disconnected', master, session: number })
        closed.resolve(undefined)
      }
    )
    await closed.promise
    return session.hasLeft
  }

  /** The blob belongs to a result that this master has not accepted yet. */
  holdsFor(master: NodeId, ref: BlobRef): boolean {
    return this.#outputs.holdsFor(master, ref)
  }

  /** A blob of a result that this master has not accepted yet. Throws BLOB_NOT_FOUND. */
  readFor(master: NodeId, ref: BlobRef, offset: number): ReturnType<BlobStore['read']> {
    return this.#outputs.readFor(master, ref, offset)
  }

  /** Keeps a blob for the master of the same process, which has the same store. */
  share({ blob }: BlobRef): Promise<void> {
    this.#init.blobs.retain(blob)
    return Promise.resolve()
  }

  /** Takes nothing new for this reason, and gives back what has not begun; undefined: goes on. */
  pause(reason: string | undefined): void {
    this.#driver.dispatch({ type: 'pause', reason })
  }

  /** Takes nothing new; resolves when what runs has ended and every master was told. */
  async drain(): Promise<void> {
    this.#driver.dispatch({ type: 'drain', now: false })
    await this.#drained.promise
  }

  /** Ends what runs and gives it back; resolves when every master was told. */
  async leave(): Promise<void> {
    this.#driver.dispatch({ type: 'drain', now: true })
    await this.#drained.promise
  }

  /** Ends every process and session, whatever they are at. */
  async stop(): Promise<void> {
    this.#driver.stop()
    for (const { link } of this.#sessions.values()) link.close()
    this.#sessions.clear()
    await this.#executor.close()
    await this.#init.spool?.close()
  }

  /** Takes up what an earlier process has kept and its masters have not accepted. */
  async #restore(): Promise<void> {
    const { spool } = this.#init
    if (spool === undefined) return
    for (const { reports, ...whose } of spool.kept) {
      const restored: KeptReport[] = []
      for (const report of reports) {
        try {
          await this.#outputs.restore(report.result, whose.master, (ref) => spool.pathOf(ref))
          restored.push(report)
        } catch (error) {
          this.#init.onProblem(
            `cannot restore the output of a kept result: ${toError(error).message}`
          )
        }
      }
      this.#driver.dispatch({ type: 'restored', ...whose, reports: restored })
    }
  }

  #perform(effects: readonly WorkerEffect[]): void {
    const starts: TaskStart[] = []
    for (const effect of effects) {
      if (effect.type === 'start') this.#prepare(effect, starts)
      else this.#performOne(effect)
    }
    if (starts.length > 0) this.#executor.start(starts)
  }

  #prepare(effect: Extract<WorkerEffect, { type: 'start' }>, starts: TaskStart[]): void {
    const { run, master } = effect
    this.#owners.set(run, master)
    const start = this.#supplies.supply(
      effect,
      this.#sessions.get(master)?.obtainBlob ?? cannotFetch
    )
    if (start instanceof Promise) void this.#fetch(run, start)
    else starts.push(start)
  }

  /** Starts a task once what it needs is here. */
  async #fetch(run: number, start: Promise<TaskStart>): Promise<void> {
    this.#fetching.set(run, true)
    let end: Result | undefined
    try {
      const task = await start
      if (this.#fetching.get(run) === true) this.#executor.start([task])
      else end = emptyResult('returned', 'stopped before it began')
    } catch (error) {
      this.#init.disk?.note(error)
      end = emptyResult('refused', `what it needs could not be fetched: ${toError(error).message}`)
    }
    this.#fetching.delete(run)
    if (end === undefined) return
    this.#owners.delete(run)
    this.#supplies.release(run)
    this.#driver.dispatch({ type: 'ended', ends: [{ run, result: end }] })
  }

  #performOne(effect: Exclude<WorkerEffect, { type: 'start' }>): void {
    switch (effect.type) {
      case 'send': {
        const session = this.#sessions.get(effect.master)
        if (session?.number !== effect.session) return
        this.#send(session, effect.message, effect.patienceMs)
        return
      }
      case 'disconnect': {
        const session = this.#sessions.get(effect.master)
        if (session?.number === effect.session) session.link.abort(effect.reason)
        return
      }
      case 'stop':
        if (this.#fetching.has(effect.run)) this.#fetching.set(effect.run, false)
        else this.#executor.stop(effect.run)
        return
      case 'recall':
        this.#executor.recall(effect.run)
        return
      case 'read':
        this.#reads.add(effect)
        return
      case 'keep':
        this.#init.spool?.keep(effect, effect.reports, (blob) => this.#outputs.fileOf(blob))
        return
      case 'release':
        // In this order: a file that is missing must be one that nobody needs.
        this.#init.spool?.forget(effect.master, effect)
        this.#release(effect.master, effect.result)
        return
      case 'drained':
        this.#drained.resolve(undefined)
    }
  }

  #send(session: Session, message: WorkerMessage, patienceMs: Millis): void {
    session.link.send(message, patienceMs)
    if (message.type !== 'bye') return
    session.hasLeft = true
    session.link.close()
  }

  #onStarted(runs: readonly number[]): void {
    this.#driver.dispatch({ type: 'started', runs })
  }

  #onProgress(run: number, value: Uint8Array): void {
    this.#driver.dispatch({ type: 'progress', run, value })
  }

  #onPrinted(run: number, stream: OutputStream): void {
    this.#driver.dispatch({ type: 'printed', run, stream })
  }

  #onEnded(ends: readonly RunEnd[]): void {
    const done: { run: number; result: Result }[] = []
    for (const { run, result } of ends) {
      const master = this.#owners.get(run)
      this.#owners.delete(run)
      this.#supplies.release(run)
      // Nobody waits for the large output of another task.
      if (isInMemory(result)) done.push({ run, result })
      else void this.#keep(run, result, master)
    }
    if (done.length > 0) this.#driver.dispatch({ type: 'ended', ends: done })
  }

  async #keep(run: number, given: RunResult, master: NodeId | undefined): Promise<void> {
    let result: Result
    try {
      result = await this.#outputs.take(given, master)
    } catch (error) {
      this.#init.disk?.note(error)
      result = emptyResult('refused', `cannot keep the output: ${toError(error).message}`)
    }
    this.#driver.dispatch({ type: 'ended', ends: [{ run, result }] })
  }

  #release(master: NodeId, result: Result): void {
    this.#outputs.release(master, result).catch((error: unknown) => {
      this.#init.onProblem(`cannot remove an output: ${toError(error).message}`)
    })
  }
}

function isInMemory(result: RunResult): result is RunResult & Result {
  return isInline(result.stdout) && isInline(result.stderr) && isInline(result.value)
}

function cannotFetch({ blob }: BlobRef): Promise<void> {
  return Promise.reject(new P2pJobsError('BLOB_NOT_FOUND', `nobody can be asked for blob ${blob}`))
}
