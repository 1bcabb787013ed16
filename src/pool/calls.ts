/**
 * The calls of a pool: how a call becomes tasks of a job, and their ends become its result.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { FunctionRef } from '../core/spec.ts'
import type { MasterRole } from '../node/master-role.ts'
import type { StartedNode } from '../node/start.ts'
import { encodeCalls } from '../values/calls.ts'
import { Activity } from './activity.ts'
import { AsyncResult } from './async-result.ts'
import type { Callbacks } from './async-result.ts'
import { ABORTED, abortError, Call, callerErrorOf } from './call.ts'
import { checkChunkSize, chunksOf, defaultChunkSize } from './chunks.ts'
import { Code } from './code.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Profile } from './dispatcher.ts'
import type { FunctionSource } from './functions.ts'
import { LazyResults } from './lazy-results.ts'
import { MapRun } from './map-run.ts'
import { checkOptions } from './options.ts'
import type { CallOptions, MapOptions, PoolOptions } from './options.ts'
import type { TaskEnd } from './outcomes.ts'
import { outputSink, warningSink } from './output.ts'
import type { PoolJob, Ticket } from './pool-job.ts'
import { startPoolNode } from './pool-node.ts'

type Arguments = readonly unknown[]
/** How a function is run in a process of its own. */
export interface AloneOptions {
  readonly worker: string | undefined
  /** The program does not wait for it. */
  readonly isDaemon: boolean
  onPid(pid: number): void
  onEnd(end: TaskEnd): void
}

type Items<Item> = Iterable<Item> | AsyncIterable<Item>

/** Chunks whose results `imap` has not given out: enough to keep a network busy with short tasks. */
const LAZY_CHUNKS_MAX = 4_096
const TERMINATED = 'the pool was terminated'

export class PoolCalls {
  readonly #started: StartedNode
  readonly #dispatcher: Dispatcher
  readonly #code: Code
  readonly #profile: Profile
  readonly #activity: Activity
  /** Single calls share one job for each function and kind of call. */
  readonly #shared = new Map<string, PoolJob>()
  readonly #lazy = new Set<{ abort(error: Error): void }>()
  #isTerminated = false

  static async open(options: PoolOptions): Promise<PoolCalls> {
    checkOptions(options)
    const warn = warningSink(options)
    const activity = new Activity()
    let dispatcher: Dispatcher | undefined = undefined
    const started = await startPoolNode(options, (notice) => dispatcher?.onNotice(notice), warn)
    const master = masterOf(started)
    dispatcher = new Dispatcher({ master, activity, sink: outputSink(options), warn })
    const code = new Code(master, warn)
    try {
      const profile = await profileOf(options, code)
      return new PoolCalls(started, dispatcher, code, profile, activity)
    } catch (error) {
      await started.stop()
      throw error
    }
  }

  private constructor(
    started: StartedNode,
    dispatcher: Dispatcher,
    code: Code,
    profile: Profile,
    activity: Activity
  ) {
    this.#started = started
    this.#dispatcher = dispatcher
    this.#code = code
    this.#profile = profile
    this.#activity = activity
  }

  get slots(): number {
    return this.#dispatcher.slots
  }

  /** Calls a function once. */
  apply(fn: FunctionSource, args: Arguments, options: CallOptions): Promise<unknown> {
    const ref = this.#code.refOf(fn)
    return ref instanceof Promise
      ? this.#applyLater(ref, args, options)
      : this.#call(ref, args, options)
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

  /** Calls a function with every item. */
  async map<Item>(
    fn: FunctionSource,
    items: Items<Item>,
    argumentsOf: (item: Item) => Arguments,
    options: MapOptions
  ): Promise<unknown[]> {
    checkChunkSize(options.chunksize)
    const settle = this.#activity.begin()
    try {
      const list = await listOf(items)
      const ref = await this.#code.refOf(fn)
      this.#mustRun()
      const size = options.chunksize ?? defaultChunkSize(list.length, this.slots)
      const job = this.#dispatcher.open(ref, this.#profile, options)
      const run = new MapRun(list.length, options)
      for (const chunk of chunksOf(list, size)) {
        run.add(this.#dispatcher, job, chunk.map(argumentsOf))
      }
      job.close()
      return await this.#abortable(run.results, options, (reason) => job.cancel(reason))
    } finally {
      settle()
    }
  }

  /** The results of a function for items of any number, one by one. */
  imap<Item, Result>(
    fn: FunctionSource,
    source: Items<Item>,
    isOrdered: boolean,
    options: MapOptions
  ): LazyResults<Item, Result> {
    const { chunksize: chunkSize = 1, signal } = options
    checkChunkSize(chunkSize)
    const settle = this.#activity.begin(true)
    const open = async () => {
      const ref = await this.#code.refOf(fn)
      this.#mustRun()
      const job = this.#dispatcher.open(ref, this.#profile, options)
      const start = (items: readonly Item[], onEnd: (end: TaskEnd) => void): number => {
        const calls = items.map((item) => [item])
        const { onProgress } = options
        return this.#dispatcher.run(job, calls, { onEnd, onProgress }).bytes
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

  /** Runs a function once in a process of its own. */
  async alone(fn: FunctionSource, args: Arguments, options: AloneOptions): Promise<Ticket> {
    const { worker, isDaemon } = options
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
    await this.#started.stop()
    settle()
    this.#activity.end()
  }

  #call(ref: FunctionRef, args: Arguments, options: CallOptions): Promise<unknown> {
    const call = new Call(options)
    const task = this.#dispatcher.run(this.#jobFor(ref, options), [args], call)
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

  #jobFor(ref: FunctionRef, options: CallOptions): PoolJob {
    this.#mustRun()
    const { timeoutMs, retries, priority, hedge = false, worker } = options
    const wishes = [timeoutMs, retries, priority, hedge, worker]
    const key = [ref.bundle.blob, ref.exportName, ...wishes].join(' ')
    const shared = this.#shared.get(key)
    if (shared?.isFull === false) return shared
    const job = this.#dispatcher.open(ref, this.#profile, options)
    shared?.close()
    this.#shared.set(key, job)
    return job
  }

  #mustRun(): void {
    if (this.#isTerminated) throw terminated()
  }
}

function terminated(): P2pJobsError {
  return new P2pJobsError('TERMINATED', TERMINATED)
}

function masterOf({ node }: StartedNode): MasterRole {
  if (node.master === undefined) throw new P2pJobsError('STOPPED', 'this node publishes no work')
  return node.master
}

async function profileOf(options: PoolOptions, code: Code): Promise<Profile> {
  const { initializer, initargs = [], maxtasksperchild, memoryBytesMax } = options
  return {
    initializer:
      initializer === undefined
        ? undefined
        : {
            ...(await code.refOf(initializer)),
            input: encodeCalls([initargs], { takesReferences: true })
          },
    tasksPerChildMax: maxtasksperchild,
    memoryBytesMax,
    isAlone: false
  }
}

async function listOf<Item>(items: Items<Item>): Promise<readonly Item[]> {
  if (Symbol.asyncIterator in items) return await Array.fromAsync(items)
  return Array.isArray(items) ? (items as readonly Item[]) : [...items]
}
