/**
 * Tells the node what has begun and ended, many at a time while tasks are short.
 *
 * Each message costs both processes a wake-up, as much as a short task itself. While the node has
 * given us more tasks than we can begin, it can wait a little to hear of those that have ended.
 */
import type { RunEnd } from './executor.ts'
import type { SpawnerEvent } from './spawner-messages.ts'

/** At most this long an end is held back. */
const HOLD_MS = 10
/** After this long a beginning is told: most tasks have ended before anybody would hear of it. */
const BEGUN_MS = 10

export class Reports {
  readonly #send: (event: SpawnerEvent) => void
  readonly #mayHold: () => boolean
  #ends: RunEnd[] = []
  readonly #begun = new Set<number>()
  #holdTimer: NodeJS.Timeout | undefined
  #begunTimer: NodeJS.Timeout | undefined
  #isDue = false

  /** @param mayHold whether the node has nothing to do for us now */
  constructor(send: (event: SpawnerEvent) => void, mayHold: () => boolean) {
    this.#send = send
    this.#mayHold = mayHold
  }

  /** A task that had to wait runs. */
  addBegun(run: number): void {
    this.#begun.add(run)
    this.#begunTimer ??= setTimeout(() => {
      this.#begunTimer = undefined
      const runs = [...this.#begun]
      this.#begun.clear()
      if (runs.length > 0) this.#send({ type: 'started', runs })
    }, BEGUN_MS)
  }

  addEnd(end: RunEnd): void {
    this.#begun.delete(end.run)
    this.#ends.push(end)
    if (this.#isDue) return
    if (this.#mayHold()) {
      this.#holdTimer ??= setTimeout(() => this.#flush(), HOLD_MS)
      return
    }
    this.#isDue = true
    setImmediate(() => this.#flush())
  }

  /** Nothing is told any more. */
  close(): void {
    clearTimeout(this.#holdTimer)
    clearTimeout(this.#begunTimer)
    this.#ends = []
  }

  #flush(): void {
    clearTimeout(this.#holdTimer)
    this.#holdTimer = undefined
    this.#isDue = false
    const ends = this.#ends
    this.#ends = []
    if (ends.length > 0) this.#send({ type: 'ended', ends })
  }
}
