/**
 * The calls of a pool: how a call becomes tasks of a job, and their ends become its result.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { FunctionRef } from '../core/spec.ts'
import type { MasterRole } from '../node/master-role.ts'
import { Activity } from './activity.ts'
import { AsyncResult } from './async-result.ts'
import type { Callbacks } from './async-result.ts'
import { ABORTED, abortError, Call, callerErrorOf } from './call.ts'
import { chunksOf, defaultChunkSize } from './chunks.ts'
import { Code } from './code.ts'
import { Dispatcher } from './dispatcher.ts'
import type { FunctionSource } from './functions.ts'
import { checkArgumentLists, checkArguments, checkItems, listOf, oneArgumentEach } from './items.ts'
import type { Items } from './items.ts'
import { LazyResults } from './lazy-results.ts'
import { MapRun } from './map-run.ts'
import { checkCallOptions, checkMapOptions, checkPoolOptions } from './option-checks.ts'
import type { CallOptions, MapOptions, PoolOptions } from './options.ts'
import type { TaskEnd } from './outcomes.ts'
import { outputSink, warningSink } from './output.ts'
import type { PoolJob, Ticket } from './pool-job.ts'
import { checkWorker, startPoolNode } from './pool-node.ts'
import type { PoolNode } from './pool-node.ts'
import { SharedJobs } from './shared-jobs.ts'
import { profileOf } from './specs.ts'
import type { Profile } from './specs.ts'

type Arguments = readonly unknown[]
/** How a function is run in a process of its own. */
export interface AloneOptions {
  readonly worker: string | undefined
  /** The program does not wait for it. */
  readonly isDaemon: boolean
  onPid(pid: number): void
  onEnd(end: TaskEnd): void
}

/** Chunks whose results `imap` has not given out: enough to keep a network busy with short tasks. */
const LAZY_CHUNKS_MAX = 4_096
const TERMINATED = 'the pool was terminated'

export class PoolCalls {
  readonly #node: PoolNode
  readonly #dispatcher: Dispatcher
  readonly #code: Code
  readonly #profile: Profile
  readonly #activity: Activity
  readonly #shared: SharedJobs<PoolJob>
  readonly #lazy = new Set<{ abort(error: Error): void }>()
  #isTerminated = false

  static async open(options: PoolOptions): Promise<PoolCalls> {
    checkPoolOptions(options)
    const warn = warningSink(options)
    const activity = new Activity()
    let dispatcher: Dispatcher | undefined = undefined
    const node = await startPoolNode(options, (notice) => dispatcher?.onNotice(notice), warn)
    const master = masterOf(node)
    dispatcher = new Dispatcher({ master, activity, sink: outputSink(options), warn })
    const code = new Code(master, warn)
    try {
      const profile = await profileOf(options, code)
      return new PoolCalls(node, dispatcher, code, profile, activity)
    } catch (error) {
      await node.stop()
      throw error
    }
  }

  private constructor(
    node: PoolNode,
    dispatcher: Dispatcher,
    code: Code,
    profile: Profile,
    activity: Activity
  ) {
    this.#node = node
    this.#dispatcher = dispatcher
    this.#code = code
    this.#profile = profile
    this.#activity = activity
    this.#shared = new SharedJobs((ref, options) => dispatcher.open(ref, profile, options))
  }

  get slots(): number {
    return this.#dispatcher.slots
  }

  /** Calls a function once. Throws USAGE at once for what cannot be meant. */
  apply(fn: FunctionSource, args: Arguments | undefined, options: CallOptions): Promise<unknown> {
    checkArguments(args)
    checkCallOptions(options)
    checkWorker(this.#node, options.worker)
    const ref = this.#code.refOf(fn)
    return ref instanceof Promise
      ? this.#applyLater(ref, args ?? [], options)
      : this.#call(ref, args ?? [], options)
  }

  /** The first call of a function waits for its code. */
  async #applyLater(
    ref: Promise<FunctionRef>,
    args: Arguments,
    options: CallOptions
  ): Promise<unknown> {
    const settle = this.#activity.begin()
    try {
      return await this.#call(await ref, args, options)
    } finally {
      settle()
    }
  }

  /**
   * Calls a function with every item; `isStar`: each is the list of a call's arguments. Throws USAGE
   * at once for what cannot be meant, and rejects with it for such items.
   */
  map(
    fn: FunctionSource,
    items: Items<unknown>,
    isStar: boolean,
    options: MapOptions
  ): Promise<unknown[]> {
    this.#checkMap(items, options)
    return this.#map(fn, items, isStar, options)
  }

  async #map(
    fn: FunctionSource,
    items: Items<unknown>,
    isStar: boolean,
    options: MapOptions
  ): Promise<unknown[]> {
    const settle = this.#activity.begin()
    try {
      const list = await listOf(items)
      if (isStar) checkArgumentLists(list)
      const ref = await this.#code.refOf(fn)
      this.#mustRun()
      const size = options.chunksize ?? defaultChunkSize(list.length, this.slots)
      const job = this.#dispatcher.open(ref, this.#profile, options)
      const run = new MapRun(list.length, options)
      for (const chunk of chunksOf(list, size)) {
        const calls = isStar ? (chunk as readonly Arguments[]) : oneArgumentEach(chunk)
        run.add(this.#dispatcher, job, calls)
      }
      job.close()
      return await this.#abortable(run.results, options, (reason) => job.cancel(reason))
    } finally {
      settle()
    }
  }

  /**
   * The results of a function for items of any number, one by one. Throws USAGE at once for what
   * cannot be meant.
   */
  imap<Item, Result>(
    fn: FunctionSource,
    source: Items<Item>,
    isOrdered: boolean,
    options: MapOptions
  ): LazyResults<Item, Result> {
    this.#checkMap(source, options)
    const { chunksize: chunkSize = 1, signal } = options
    const settle = this.#activity.begin(true)
    const open = async () => {
      const ref = await this.#code.refOf(fn)
      this.#mustRun()
      const job = this.#dispatcher.open(ref, this.#profile, options)
      const start = (items: readonly Item[], onEnd: (end: TaskEnd) => void): number => {
        const { onProgress } = options
        return this.#dispatcher.run(job, oneArgumentEach(items), { onEnd, onProgress }).bytes
      }
      return { start, close: () => job.close(), cancel: (reason: string) => job.cancel(reason) }
    }
    const onFinished = (): void => {
      signal?.removeEventListener('abort', onAbort)
      this.#lazy.delete(results)
      settle()
    }
    const results = new LazyResults<Item, Result>({
      ...{ source, chunkSize, isOrdered, chunksMax: LAZY_CHUNKS_MAX, open, onFinished },
      onDone: options.onDone
    })
    const onAbort = (): void => results.abort(abortError(signal))
    this.#lazy.add(results)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    return results
  }

  /** Runs a function once in a process of its own. Rejects with USAGE for a worker that cannot come. */
  async alone(fn: FunctionSource, args: Arguments, options: AloneOptions): Promise<Ticket> {
    const { worker, isDaemon } = options
    checkWorker(this.#node, worker)
    const ref = await this.#code.refOf(fn)
    this.#mustRun()
    const job = this.#dispatcher.open(ref, { ...this.#profile, isAlone: true }, { worker })
    // The first thing such a process says is its number.
    let onProgress: ((value: unknown) => void) | undefined = (pid) => {
      onProgress = undefined
      if (typeof pid === 'number') options.onPid(pid)
    }
    const task = this.#dispatcher.run(job, [args], {
      onEnd: (end) => options.onEnd(end),
      onProgress: (value) => onProgress?.(value),
      isDaemon
    })
    job.close()
    return task
  }

  asResult<Result>(promise: Promise<unknown>, callbacks: Callbacks<Result>): AsyncResult<Result> {
    return new AsyncResult(promise as Promise<Result>, callbacks)
  }

  /** Ends the node once all calls have ended. */
  async finish(): Promise<void> {
    await this.#activity.idle()
    if (!this.#isTerminated) await this.#stop()
  }

  /** Ends all calls and the node now. */
  async terminate(): Promise<void> {
    this.#isTerminated = true
    for (const lazy of [...this.#lazy]) lazy.abort(terminated())
    this.#dispatcher.terminate(terminated())
    await this.#stop()
  }

  async #stop(): Promise<void> {
    const settle = this.#activity.begin()
    await this.#node.stop()
    settle()
    this.#activity.end()
  }

  #call(ref: FunctionRef, args: Arguments, options: CallOptions): Promise<unknown> {
    this.#mustRun()
    const call = new Call(options)
    const task = this.#dispatcher.run(this.#shared.jobFor(ref, options), [args], call)
    if (options.signal !== undefined) call.watch(options.signal, task)
    return call.promise
  }

  /** Waits for a call, and ends it when its user says so. */
  async #abortable<Value>(
    promise: Promise<Value>,
    { signal }: CallOptions,
    cancel: (reason: string) => void
  ): Promise<Value> {
    const onAbort = (): void => cancel(ABORTED)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    try {
      return await promise
    } catch (error) {
      throw callerErrorOf(error, signal)
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #checkMap(items: Items<unknown>, options: MapOptions): void {
    checkItems(items)
    checkMapOptions(options)
    checkWorker(this.#node, options.worker)
  }

  #mustRun(): void {
    if (this.#isTerminated) throw terminated()
  }
}

function terminated(): P2pJobsError {
  return new P2pJobsError('TERMINATED', TERMINATED)
}

function masterOf({ node }: PoolNode): MasterRole {
  if (node.master === undefined) throw new P2pJobsError('STOPPED', 'this node publishes no work')
  return node.master
}
