/**
 * Feeds a job with inputs no faster than it takes them: a job can be as long as its source.
 */
import { toError } from '../../core/errors.ts'
import type { JobId } from '../../core/types.ts'

/** Tasks that wait at the master before the source is read on. */
const WAITING_MAX = 10_000
/** Results that wait to be printed before the source is read on. */
const UNPRINTED_MAX = 100_000
/** Inputs handed over at a time. */
const BATCH = 256

/** Batches on their way to a master that takes its time. */
const ADDING_MAX = 16

/** What a feed needs of its master, in this process or another. */
export interface FeedMaster {
  add(job: JobId, inputs: readonly Uint8Array[]): void | Promise<void>
  close(job: JobId): void | Promise<void>
  readonly state: { readonly waitingTasks: number }
}

export class Feed {
  readonly #master: FeedMaster
  readonly #job: JobId
  readonly #unprinted: () => number
  readonly #stopped = Promise.withResolvers<undefined>()
  #wake: (() => void) | undefined
  #isStopped = false
  /** The whole source is at hand, and its end does not depend on anybody. */
  #isAtHand = false
  /** Nobody will print anything: there is no reason to wait for that. */
  #isHurried = false
  #run: Promise<void> = Promise.resolve()
  #batch: Uint8Array[] = []
  #adding = 0
  /** Why a batch was not taken. */
  #failure: Error | undefined
  /** Inputs of tasks that have not been let go, by task. */
  readonly inputs = new Map<number, Uint8Array>()
  /** Tasks so far, and whether these are all. */
  total = 0
  isComplete = false

  constructor(master: FeedMaster, job: JobId, unprinted: () => number) {
    this.#master = master
    this.#job = job
    this.#unprinted = unprinted
  }

  /**
   * Adds every input, then closes the job; or is stopped, which leaves it open, as does a source
   * or a master that fails: then it rejects.
   */
  async run(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    this.#isAtHand = Symbol.iterator in source
    // A source may wait for its next input for ever: a terminal, a pipe that somebody holds open.
    this.#run = Promise.race([this.#addAll(source), this.#stopped.promise])
    await this.#run
  }

  async #addAll(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    for await (const input of source) {
      if (this.#isStopped) return
      // What comes within one turn of the loop is handed over together, and nothing waits longer.
      if (this.#batch.push(input) === 1) setImmediate(() => this.#flush())
      if (this.#batch.length >= BATCH || !this.#hasRoom) this.#flush()
      await this.#room()
    }
    this.#flush()
    await this.#until(() => this.#adding === 0)
    if (this.#isStopped) return
    await this.#master.close(this.#job)
    this.isComplete = true
  }

  async #room(): Promise<void> {
    await this.#until(() => this.#hasRoom)
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue() && !this.#isStopped && this.#failure === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #flush(): void {
    const batch = this.#batch
    if (batch.length === 0 || this.#isStopped) return
    this.#batch = []
    for (const input of batch) this.inputs.set(++this.total, input)
    const added = this.#master.add(this.#job, batch)
    if (added === undefined) return
    this.#adding++
    void added.then(
      () => this.#onAdded(),
      (error: unknown) => this.#onAdded(toError(error))
    )
  }

  #onAdded(failure?: Error): void {
    this.#adding--
    this.#failure ??= failure
    this.#wake?.()
  }

  /**
   * Closes the job with all inputs that are at hand; of a source that may wait for ever, what was
   * read is all of it. One that was stopped is left as it is.
   */
  async finish(): Promise<void> {
    if (this.#isStopped || this.isComplete) return
    if (this.#isAtHand) {
      this.#isHurried = true
      this.#wake?.()
      await this.#run
      return
    }
    this.#flush()
    this.stop()
    await this.#master.close(this.#job)
  }

  /** Reads no further. */
  stop(): void {
    this.#isStopped = true
    this.#wake?.()
    this.#stopped.resolve(undefined)
  }

  /** To be called when tasks were leased, or results printed: there may be room again. */
  onProgress(): void {
    if (this.#hasRoom) this.#wake?.()
  }

  get #hasRoom(): boolean {
    if (this.#adding >= ADDING_MAX) return false
    if (this.#isHurried) return true
    return this.#master.state.waitingTasks < WAITING_MAX && this.#unprinted() < UNPRINTED_MAX
  }
}
