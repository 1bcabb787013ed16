/**
 * One `map`: its chunks, and the list that their results fill.
 */
import { toError } from '../core/errors.ts'
import type { Dispatcher } from './dispatcher.ts'
import { outcomesOf } from './outcomes.ts'
import type { TaskEnd } from './outcomes.ts'
import type { MapOptions } from './options.ts'
import type { PoolJob } from './pool-job.ts'

export class MapRun {
  readonly #options: MapOptions
  readonly #values: unknown[]
  readonly #settled = Promise.withResolvers<unknown[]>()
  #added = 0
  #done = 0
  #failure: { readonly error: unknown } | undefined

  /** `items`: how many results there will be. */
  constructor(items: number, options: MapOptions) {
    this.#options = options
    this.#values = new Array<unknown>(items)
    if (items === 0) this.#settled.resolve([])
  }

  /** All results in order; rejects with the first error, once all calls have ended. */
  get results(): Promise<unknown[]> {
    return this.#settled.promise
  }

  /** Runs the next chunk as one task of the job. */
  add(dispatcher: Dispatcher, job: PoolJob, calls: readonly (readonly unknown[])[]): void {
    const from = this.#added
    this.#added += calls.length
    const { onProgress } = this.#options
    const onEnd = (end: TaskEnd): void => this.#onEnd(end, from, calls.length)
    try {
      dispatcher.run(job, calls, { onEnd, onProgress })
    } catch (error) {
      onEnd({ error: toError(error), exitCode: undefined, signal: undefined })
    }
  }

  #onEnd(end: TaskEnd, from: number, size: number): void {
    for (const [at, outcome] of outcomesOf(end, size).entries()) {
      if (outcome.ok) this.#values[from + at] = outcome.value
      else this.#failure ??= { error: outcome.error }
    }
    this.#done += size
    this.#options.onDone?.(this.#done, this.#values.length)
    if (this.#done < this.#values.length) return
    if (this.#failure === undefined) this.#settled.resolve(this.#values)
    else this.#settled.reject(this.#failure.error)
  }
}
