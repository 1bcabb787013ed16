/**
 * The result of a call that somebody will want later: `multiprocessing.pool.AsyncResult`.
 *
 * It can be awaited like a promise. One that failed and that nobody asks is no unhandled rejection:
 * whoever wants to know asks, or gives an `errorCallback`.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { comesWithin } from './waiting.ts'

export interface Callbacks<Result> {
  /** Called once with the result of a success. What it throws is its program's own error. */
  readonly callback?: ((result: Result) => void) | undefined
  /** Called once with the error of a failure. */
  readonly errorCallback?: ((error: Error) => void) | undefined
}

export class AsyncResult<Result> implements PromiseLike<Result> {
  readonly #promise: Promise<Result>
  #state: 'pending' | 'successful' | 'failed' = 'pending'

  constructor(promise: Promise<Result>, { callback, errorCallback }: Callbacks<Result> = {}) {
    this.#promise = promise.then(
      (result) => {
        this.#state = 'successful'
        if (callback !== undefined) queueMicrotask(() => callback(result))
        return result
      },
      (error: unknown) => {
        this.#state = 'failed'
        if (errorCallback !== undefined) queueMicrotask(() => errorCallback(toError(error)))
        throw error
      }
    )
    this.#promise.catch(() => undefined)
  }

  /**
   * The result, as soon as it is there; rejects with the function's own error, or with TIMEOUT
   * when it is not there within `timeoutMs` (USAGE for what is no time). The call goes on then.
   */
  async get(timeoutMs?: number): Promise<Result> {
    if (timeoutMs !== undefined && !(await this.#settles(timeoutMs))) {
      throw new P2pJobsError(
        'TIMEOUT',
        `the result was not there within ${timeoutMs} ms; the call goes on, and get() can be asked again`
      )
    }
    return await this.#promise
  }

  /**
   * Resolves when the result is there, or after `timeoutMs`, whatever came of the call. Rejects with
   * USAGE for what is no time to wait for.
   */
  async wait(timeoutMs?: number): Promise<void> {
    await this.#settles(timeoutMs)
  }

  /** Whether the call has come to an end. */
  ready(): boolean {
    return this.#state !== 'pending'
  }

  /** Whether it ended without an error. Throws NOT_READY while it has not ended. */
  successful(): boolean {
    if (this.#state === 'pending') {
      throw new P2pJobsError('NOT_READY', 'the call has not ended yet; wait() for it first')
    }
    return this.#state === 'successful'
  }

  then<Value = Result, Other = never>(
    onFulfilled?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onRejected?: ((error: unknown) => Other | PromiseLike<Other>) | null
  ): Promise<Value | Other> {
    return this.#promise.then(onFulfilled, onRejected)
  }

  async #settles(timeoutMs: number | undefined): Promise<boolean> {
    return await comesWithin(
      this.#promise.catch(() => undefined),
      timeoutMs
    )
  }
}
