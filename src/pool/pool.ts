/**
 * `multiprocessing.Pool`, on all machines of a network.
 *
 * Names and meaning are those of CPython's documentation; where Python blocks, there is a promise.
 * Times are milliseconds.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { AsyncResult, Callbacks } from './async-result.ts'
import { PoolCalls } from './calls.ts'
import type { AnyFunction, FunctionSource, ModuleFunction, ResultOf } from './functions.ts'
import type { Items } from './items.ts'
import type { LazyResults } from './lazy-results.ts'
import { checkCallbacks } from './option-checks.ts'
import { mapOptionsOf } from './options.ts'
import type { CallOptions, MapOptions, MapOptionsOrChunkSize, PoolOptions } from './options.ts'

type Unary<Item, Result> = ((item: Item) => Result) | ModuleFunction
type MapAsyncOptions<Result> = MapOptions & Callbacks<Awaited<Result>[]>

export class Pool implements AsyncDisposable {
  readonly #calls: PoolCalls
  #state: 'open' | 'closed' | 'terminated' = 'open'
  #stopped: Promise<void> | undefined

  /**
   * Opens a pool: on this machine's cores and on every worker of the network, if there is one.
   *
   *     await using pool = await Pool.open()
   *     const squares = await pool.map(square, [1, 2, 3])
   *
   * Throws NO_NETWORK or NOT_A_MASTER where a network is asked for that this home cannot publish
   * to, BAD_FUNCTION for an initializer that cannot be sent, BAD_HOME, EXECUTOR_FAILED.
   */
  static async open(options: PoolOptions = {}): Promise<Pool> {
    return new Pool(await PoolCalls.open(options))
  }

  private constructor(calls: PoolCalls) {
    this.#calls = calls
  }

  /** How many tasks can run at a time, on all machines there are now. */
  get slots(): number {
    return this.#calls.slots
  }

  /** Calls a function with these arguments, once; resolves to what it returns. */
  async apply<F extends AnyFunction>(
    fn: FunctionSource<F>,
    args?: Parameters<F>,
    options: CallOptions = {}
  ): Promise<ResultOf<F>> {
    this.#mustBeOpen()
    return (await this.#calls.apply(fn, args, options)) as ResultOf<F>
  }

  /** The same without waiting for it; callbacks are called as soon as the result is there. */
  applyAsync<F extends AnyFunction>(
    fn: FunctionSource<F>,
    args?: Parameters<F>,
    options: CallOptions & Callbacks<ResultOf<F>> = {}
  ): AsyncResult<ResultOf<F>> {
    this.#mustBeOpen()
    checkCallbacks(options)
    return this.#calls.asResult(this.#calls.apply(fn, args, options), options)
  }

  /**
   * Calls a function with every item; resolves to the results in the order of the items. Rejects
   * with the first error once all calls have ended; `signal` ends them early.
   */
  async map<Item, Result>(
    fn: Unary<Item, Result>,
    items: Items<Item>,
    options?: MapOptionsOrChunkSize
  ): Promise<Awaited<Result>[]> {
    this.#mustBeOpen()
    const results = await this.#calls.map(fn, items, false, mapOptionsOf(options))
    return results as Awaited<Result>[]
  }

  mapAsync<Item, Result>(
    fn: Unary<Item, Result>,
    items: Items<Item>,
    options: MapAsyncOptions<Result> = {}
  ): AsyncResult<Awaited<Result>[]> {
    this.#mustBeOpen()
    checkCallbacks(options)
    return this.#calls.asResult(this.#calls.map(fn, items, false, options), options)
  }

  /** Like `map`, where each item is the list of a call's arguments. */
  async starmap<F extends AnyFunction>(
    fn: FunctionSource<F>,
    items: Items<Parameters<F>>,
    options?: MapOptionsOrChunkSize
  ): Promise<ResultOf<F>[]> {
    this.#mustBeOpen()
    return (await this.#calls.map(fn, items, true, mapOptionsOf(options))) as ResultOf<F>[]
  }

  starmapAsync<F extends AnyFunction>(
    fn: FunctionSource<F>,
    items: Items<Parameters<F>>,
    options: MapAsyncOptions<ReturnType<F>> = {}
  ): AsyncResult<ResultOf<F>[]> {
    this.#mustBeOpen()
    checkCallbacks(options)
    return this.#calls.asResult(this.#calls.map(fn, items, true, options), options)
  }

  /**
   * Like `map` for inputs of any length: results come one by one, in order; inputs are pulled as
   * they are needed. A call that failed rejects its `next()`, and the next one goes on.
   */
  imap<Item, Result>(
    fn: Unary<Item, Result>,
    items: Items<Item>,
    options?: MapOptionsOrChunkSize
  ): LazyResults<Item, Awaited<Result>> {
    this.#mustBeOpen()
    return this.#calls.imap(fn, items, true, mapOptionsOf(options))
  }

  /** Like `imap`, with results as soon as they are there, in any order. */
  imapUnordered<Item, Result>(
    fn: Unary<Item, Result>,
    items: Items<Item>,
    options?: MapOptionsOrChunkSize
  ): LazyResults<Item, Awaited<Result>> {
    this.#mustBeOpen()
    return this.#calls.imap(fn, items, false, mapOptionsOf(options))
  }

  /** Takes no further calls; the pool ends when those it has have ended. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#stopped = this.#calls.finish()
  }

  /** Ends all calls now, and the pool. Who waits for one gets the error TERMINATED. */
  terminate(): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.#stopped = this.#calls.terminate()
  }

  /** Resolves when the pool has ended. Throws STILL_OPEN before `close` or `terminate`. */
  async join(): Promise<void> {
    if (this.#stopped === undefined) {
      throw new P2pJobsError(
        'STILL_OPEN',
        'the pool is still open; close() or terminate() it first'
      )
    }
    await this.#stopped
  }

  /** As leaving Python's `with` block: terminates. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate()
    await this.join()
  }

  #mustBeOpen(): void {
    if (this.#state === 'open') return
    throw new P2pJobsError('CLOSED', `the pool is ${this.#state} and takes no further calls`)
  }
}
