/**
 * Messages that wait for others that they can leave with, as long as the most impatient of them can.
 */
import type { Millis } from '../core/types.ts'
import { monotonicNow } from './clock.ts'

export class Company<Message> {
  readonly #onImpatient: () => void
  #waiting: Message[] = []
  #timer: NodeJS.Timeout | undefined
  #endsAt: Millis = Infinity

  /** `onImpatient`: the time is up for some that have not been taken. */
  constructor(onImpatient: () => void) {
    this.#onImpatient = onImpatient
  }

  add(message: Message, patienceMs: Millis): void {
    this.#waiting.push(message)
    const endsAt = monotonicNow() + patienceMs
    // One that goes off early does less harm than a new one for every message.
    if (endsAt >= this.#endsAt) return
    clearTimeout(this.#timer)
    this.#endsAt = endsAt
    this.#timer = setTimeout(() => {
      this.#endsAt = Infinity
      if (this.#waiting.length > 0) this.#onImpatient()
    }, patienceMs)
  }

  /** All that wait, in their order. */
  take(): Message[] {
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}
