/**
 * One call of a function by itself: its task's end becomes a promise's. One object and one promise
 * for each, as tens of thousands are made in a second.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { TaskEvents } from './dispatcher.ts'
import type { TaskEnd } from './outcomes.ts'
import type { CallOptions } from './options.ts'
import type { Ticket } from './pool-job.ts'

export class Call implements TaskEvents {
  readonly promise: Promise<unknown>
  readonly onProgress: CallOptions['onProgress']
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  #signal: AbortSignal | undefined
  #onAbort: (() => void) | undefined

  constructor({ onProgress }: CallOptions) {
    this.onProgress = onProgress
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Ends the task when its caller says so. */
  watch(signal: AbortSignal, task: Ticket): void {
    this.#signal = signal
    this.#onAbort = () => task.cancel(ABORTED)
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#onAbort()
  }

  onEnd(end: TaskEnd): void {
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
    if ('error' in end) {
      this.#reject(callerErrorOf(end.error, this.#signal))
      return
    }
    const [outcome] = end.outcomes
    if (outcome?.ok === true) this.#resolve(outcome.value)
    else this.#reject(outcome?.error)
  }
}

/** What a call's task is told that its caller has given up. */
export const ABORTED = 'its caller does not want it any more'

/** What a caller gets that has given up: its own reason. */
export function callerErrorOf(error: unknown, signal: AbortSignal | undefined): unknown {
  const isCanceled = error instanceof P2pJobsError && error.code === 'CANCELED'
  return isCanceled && signal?.aborted === true ? abortError(signal) : error
}

export function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new P2pJobsError('CANCELED', String(reason))
}
