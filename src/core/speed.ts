/**
 * How fast something happens: how often it did within about the last 100 ms in which it could. As
 * many tasks are worth having in hand.
 *
 * Time in which there was nothing to do does not count: whoever gets little because it had little
 * would have little for ever. (16 worker nodes on two cores had 7 tasks of no length in hand each.)
 */
import { PREFETCH_MS, SPEED_KEEP_MS } from './limits.ts'
import type { Millis } from './types.ts'

export class Speed {
  /** When the present 100 ms began, if there had been no pauses since. */
  #from: Millis = 0
  #now = 0
  #before = 0
  #pausedAt: Millis | undefined

  count(times: number, now: Millis): void {
    this.#roll(now)
    this.#now += times
  }

  /** There is nothing to do from now on. */
  pause(now: Millis): void {
    if (this.#pausedAt !== undefined) return
    this.#roll(now)
    this.#pausedAt = now
  }

  /** There is something to do again. */
  resume(now: Millis): void {
    if (this.#pausedAt === undefined) return
    this.#roll(now)
    this.#from += now - this.#pausedAt
    this.#pausedAt = undefined
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
    return this.#pausedAt === undefined ? this.#from + PREFETCH_MS : this.#pausedAt + SPEED_KEEP_MS
  }

  #roll(now: Millis): void {
    if (this.#pausedAt !== undefined) {
      if (now - this.#pausedAt >= SPEED_KEEP_MS) this.#now = this.#before = 0
      return
    }
    const age = now - this.#from
    if (age < PREFETCH_MS) return
    this.#before = age < 2 * PREFETCH_MS ? this.#now : 0
    this.#now = 0
    this.#from = now
  }
}
