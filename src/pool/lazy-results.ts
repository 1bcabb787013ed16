/**
 * The results of `imap` and `imapUnordered`: inputs are pulled as they are needed, a bounded number
 * ahead of the results that were taken.
 *
 * An item whose call failed rejects one `next()`; the one after it gives the next result, as in
 * Python. (A generator would end at the first error.)
 */
import { toError } from '../core/errors.ts'
import type { CallOutcome } from '../values/calls.ts'
import { iteratorOf } from './items.ts'
import type { Items } from './items.ts'
import { outcomesOf } from './outcomes.ts'
import type { TaskEnd } from './outcomes.ts'

/**
 * Starts a chunk, and returns the bytes it was sent as; `onEnd` is called once. Throws for
 * arguments that cannot be sent.
 */
export type StartChunk<Item> = (items: readonly Item[], onEnd: (end: TaskEnd) => void) => number

/** What is in flight and what waits to be taken may have about this many bytes. */
const BYTES_MAX = 64 * 1024 * 1024

export interface LazyInit<Item> {
  readonly source: Items<Item>
  readonly chunkSize: number
  /** Results come in the order of their inputs. */
  readonly isOrdered: boolean
  /** Chunks that have been started and whose results have not all been taken. */
  readonly chunksMax: number
  /** Opens what runs the chunks; rejects when the function cannot be sent. */
  open(): Promise<LazyJob<Item>>
  /** Called once, when no more chunks will come and no results are to be taken. */
  onFinished(): void
  onDone?: ((done: number, total: number | undefined) => void) | undefined
}

/** What runs the chunks. */
export interface LazyJob<Item> {
  readonly start: StartChunk<Item>
  /** No more chunks will come. */
  close(): void
  /** Ends those that run. */
  cancel(reason: string): void
}

interface Chunk {
  readonly size: number
  bytes: number
  outcomes: readonly CallOutcome[] | undefined
  taken: number
}

export class LazyResults<Item, Result> implements AsyncIterableIterator<Result, undefined> {
  readonly #init: LazyInit<Item>
  /** In the order in which they are given out; unordered ones are listed as they end. */
  readonly #chunks: Chunk[] = []
  #job: LazyJob<Item> | undefined
  #started = 0
  #done = 0
  /** Bytes of the inputs of what was started, and of results so far, of how many chunks. */
  #inputBytes = 0
  #resultBytes = 0
  #ended = 0
  #state: 'pulling' | 'exhausted' | 'finished' = 'pulling'
  #failure: Error | undefined
  #last: Promise<unknown> = Promise.resolve()
  #wakeConsumer: (() => void) | undefined
  #wakePump: (() => void) | undefined

  constructor(init: LazyInit<Item>) {
    this.#init = init
    void this.#pump()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next result; rejects with the error of a call that failed, and can be called again. */
  next(): Promise<IteratorResult<Result, undefined>> {
    const next = this.#last.then(() => this.#advance())
    // The next call waits for this one, whatever comes of it.
    this.#last = next.catch(() => undefined)
    return next
  }

  /** Gives up: pulls no further inputs, and ends what runs. */
  return(): Promise<IteratorResult<Result, undefined>> {
    this.#abandon('its results are not wanted any more')
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The same, with an error for who still asks for results. */
  abort(error: Error): void {
    if (this.#state === 'finished') return
    this.#failure = error
    this.#abandon(error.message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #advance(): Promise<IteratorResult<Result, undefined>> {
    for (;;) {
      const [chunk] = this.#chunks
      const outcome = chunk?.outcomes?.[chunk.taken]
      if (chunk !== undefined && outcome !== undefined) {
        this.#take(chunk)
        if (outcome.ok) return { done: false, value: outcome.value as Result }
        throw outcome.error
      }
      if (this.#state !== 'pulling' && this.#started === 0) return this.#end()
      await new Promise<void>((resolve) => (this.#wakeConsumer = resolve))
    }
  }

  #take(chunk: Chunk): void {
    this.#init.onDone?.(++this.#done, undefined)
    if (++chunk.taken < (chunk.outcomes?.length ?? 0)) return
    this.#chunks.shift()
    this.#started--
    this.#inputBytes -= chunk.bytes
    this.#wakePump?.()
  }

  /** What the source threw comes after the results of what it gave. */
  #end(): IteratorResult<Result, undefined> {
    this.#finish()
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    return { done: true, value: undefined }
  }

  async #pump(): Promise<void> {
    const { source, chunksMax } = this.#init
    try {
      const iterator = iteratorOf(source)
      const job = (this.#job = await this.#init.open())
      while (this.#isPulling) {
        if (this.#isFull(chunksMax)) {
          await new Promise<void>((resolve) => (this.#wakePump = resolve))
          continue
        }
        const items = await this.#pull(iterator)
        if (items.length > 0) this.#start(items, job)
      }
      if (this.#state === 'finished') await iterator.return?.()
    } catch (error) {
      this.#failure ??= toError(error)
      if (this.#isPulling) this.#state = 'exhausted'
    }
    this.#job?.close()
    this.#wakeConsumer?.()
  }

  /** Asked anew each time: it changes while the pump waits. */
  get #isPulling(): boolean {
    return this.#state === 'pulling'
  }

  /** Results are as large as they have been so far, for all that is known. */
  #isFull(chunksMax: number): boolean {
    const resultBytes = this.#ended === 0 ? 0 : this.#resultBytes / this.#ended
    const bytes = this.#inputBytes + this.#started * resultBytes
    return this.#started >= chunksMax || (this.#started > 0 && bytes > BYTES_MAX)
  }

  /** The items of one chunk; a source that is not asynchronous is not waited for. */
  async #pull(iterator: Iterator<Item> | AsyncIterator<Item>): Promise<Item[]> {
    const items: Item[] = []
    while (items.length < this.#init.chunkSize) {
      const pulled = iterator.next()
      const result: IteratorResult<Item, unknown> =
        pulled instanceof Promise ? await pulled : pulled
      if (result.done === true) {
        if (this.#isPulling) this.#state = 'exhausted'
        break
      }
      items.push(result.value)
    }
    return items
  }

  #start(items: readonly Item[], job: LazyJob<Item>): void {
    if (this.#state === 'finished') return
    const chunk: Chunk = { size: items.length, bytes: 0, outcomes: undefined, taken: 0 }
    this.#started++
    if (this.#init.isOrdered) this.#chunks.push(chunk)
    try {
      chunk.bytes = job.start(items, (end) => this.#onEnd(chunk, end))
      this.#inputBytes += chunk.bytes
    } catch (error) {
      // One item that cannot be sent fails its chunk, and no other.
      this.#onEnd(chunk, { error: toError(error), exitCode: undefined, signal: undefined })
    }
  }

  #onEnd(chunk: Chunk, end: TaskEnd): void {
    if (this.#state === 'finished') return
    this.#ended++
    this.#resultBytes += 'outcomes' in end ? end.bytes : 0
    chunk.outcomes = outcomesOf(end, chunk.size)
    if (!this.#init.isOrdered) this.#chunks.push(chunk)
    this.#wakeConsumer?.()
  }

  #abandon(reason: string): void {
    if (this.#state === 'finished') return
    this.#finish()
    this.#chunks.length = 0
    this.#started = 0
    this.#job?.cancel(reason)
    this.#wakePump?.()
    this.#wakeConsumer?.()
  }

  #finish(): void {
    if (this.#state === 'finished') return
    this.#state = 'finished'
    this.#init.onFinished()
  }
}
