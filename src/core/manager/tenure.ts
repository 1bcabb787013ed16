/**
 * Until when a client can be sure that its manager has not given it up: a lease from when it said the
 * last thing of which it knows that the manager has heard it.
 */
import { Queue } from '../queue.ts'
import type { Millis } from '../types.ts'

export class Tenure {
  /** When it said what the manager has not answered in this session. */
  readonly #said = new Queue<Millis>()
  #until: Millis | undefined

  /** The end of it; undefined: it has ended, or not begun. */
  get until(): Millis | undefined {
    return this.#until
  }

  /** A new session: what was said before may never be answered. */
  begin(): void {
    this.#said.clear()
  }

  /** Something that will be answered, in its turn. */
  say(now: Millis): void {
    this.#said.push(now)
  }

  /** The manager has answered the first of that. */
  hear(leaseMs: Millis): void {
    const said = this.#said.shift()
    if (said !== undefined) this.#until = said + leaseMs
  }

  /** True once, when it has ended. */
  hasEnded(now: Millis): boolean {
    if (this.#until === undefined || now < this.#until) return false
    this.#until = undefined
    return true
  }
}
