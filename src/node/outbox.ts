/**
 * Lets a durable master or manager do nothing that is not on disk: the effects of each event are
 * performed after its records have been committed, and after those of all events before it.
 *
 * One commit is under way at a time, and takes all records that wait: so they are on disk in the
 * order in which they were made, also when one has to be tried again.
 */
import { toError } from '../core/errors.ts'

/** How long it waits before it tries again to commit what could not be. */
const AGAIN_MS = 1_000

export interface OutboxInit<Effect, Record> {
  /** Writes records down, all or none. */
  commit(records: readonly Record[]): Promise<void>
  /** What is to be written down for an effect of type `journal`. */
  recordsOf(effect: Extract<Effect, { type: 'journal' }>): readonly Record[]
  perform(effects: readonly Effect[]): void
  /** What waits cannot be committed now; said once, until `onRecovered`. */
  onStuck(error: Error): void
  onRecovered(): void
}

interface Entry<Effect, Record> {
  readonly records: readonly Record[]
  readonly effects: readonly Effect[]
}

export class Outbox<Effect extends { readonly type: string }, Record> {
  readonly #init: OutboxInit<Effect, Record>
  /** What waits to be committed or performed, the oldest event first. */
  #entries: Entry<Effect, Record>[] = []
  #isCommitting = false
  #isStuck = false
  #isStopped = false
  #again: NodeJS.Timeout | undefined
  #idle: PromiseWithResolvers<undefined>[] = []

  constructor(init: OutboxInit<Effect, Record>) {
    this.#init = init
  }

  /** Commits have failed, and nothing was committed since. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Takes all effects of one event. */
  add(effects: readonly Effect[]): void {
    const records: Record[] = []
    for (const effect of effects) {
      if (!isRecord(effect)) continue
      for (const record of this.#init.recordsOf(effect)) records.push(record)
    }
    const rest = effects.filter(({ type }) => type !== 'journal')
    if (records.length === 0 && this.#entries.length === 0) {
      this.#init.perform(rest)
      return
    }
    this.#entries.push({ records, effects: rest })
    if (!this.#isCommitting) void this.#commit()
  }

  /** Resolves when all that was added has been performed. Never, once it was stopped before. */
  async flushed(): Promise<void> {
    if (this.#entries.length === 0) return
    const idle = Promise.withResolvers<undefined>()
    this.#idle.push(idle)
    await idle.promise
  }

  /** Performs nothing more: what is not on disk has not happened. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#again)
  }

  async #commit(): Promise<void> {
    this.#isCommitting = true
    while (this.#entries.length > 0) {
      const count = this.#entries.length
      const records = this.#entries.flatMap((entry) => entry.records)
      const failure = records.length > 0 ? await this.#tryCommit(records) : undefined
      if (this.#isStopped) return
      if (failure !== undefined) {
        this.#waitAndTryAgain(failure)
        return
      }
      this.#performFirst(count)
    }
    this.#isCommitting = false
  }

  async #tryCommit(records: readonly Record[]): Promise<Error | undefined> {
    try {
      await this.#init.commit(records)
    } catch (error) {
      return toError(error)
    }
    if (this.#isStuck) {
      this.#isStuck = false
      this.#init.onRecovered()
    }
    return undefined
  }

  #waitAndTryAgain(failure: Error): void {
    if (!this.#isStuck) {
      this.#isStuck = true
      this.#init.onStuck(failure)
    }
    this.#again = setTimeout(() => void this.#commit(), AGAIN_MS)
  }

  /** New entries may have come behind them meanwhile, and may come while they are performed. */
  #performFirst(count: number): void {
    const done = this.#entries.slice(0, count)
    this.#entries = this.#entries.slice(count)
    const idle = this.#entries.length === 0 ? this.#idle.splice(0) : []
    for (const { effects } of done) this.#init.perform(effects)
    for (const { resolve } of idle) resolve(undefined)
  }
}

function isRecord<Effect extends { readonly type: string }>(
  effect: Effect
): effect is Extract<Effect, { type: 'journal' }> {
  return effect.type === 'journal'
}
