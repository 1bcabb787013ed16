/**
 * How fast something happens: how often it did within about the last 100 ms. As many tasks are
 * worth having in hand.
 */
import { PREFETCH_MS } from './limits.ts'
import type { Millis } from './types.ts'

export class Speed {
  #from: Millis = 0
  #now = 0
  #before = 0

  count(times: number, now: Millis): void {
    this.#roll(now)
    this.#now += times
  }

  /** How often it happened lately. */
  recent(now: Millis): number {
    this.#roll(now)
    return this.last
  }

  /** The same, as of when this was used last. */
  get last(): number {
    return Math.max(this.#now, this.#before)
  }

  /** When `recent` is to be looked at again, for it may be less by then. */
  get changesAt(): Millis {
    return this.#from + PREFETCH_MS
  }

  #roll(now: Millis): void {
    const age = now - this.#from
    if (age < PREFETCH_MS) return
    this.#before = age < 2 * PREFETCH_MS ? this.#now : 0
    this.#now = 0
    this.#from = now
  }
}
