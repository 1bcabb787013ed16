/**
 * Virtual time: what is to happen, in order. Nothing in a simulation waits for anything else, so
 * an hour costs what its events cost.
 */
import { Heap } from '../../src/core/heap.ts'
import type { Millis } from '../../src/core/types.ts'

interface Planned {
  readonly at: Millis
  /** What was planned first happens first, so that every run of a seed is the same. */
  readonly order: number
  readonly happen: () => void
}

export class Clock {
  /** Milliseconds since the simulation began. */
  now: Millis = 0
  #order = 0
  readonly #planned = new Heap<Planned>((a, b) => (a.at === b.at ? a.order < b.order : a.at < b.at))

  at(instant: Millis, happen: () => void): void {
    this.#planned.push({ at: Math.max(instant, this.now), order: this.#order++, happen })
  }

  after(delay: Millis, happen: () => void): void {
    this.at(this.now + delay, happen)
  }

  /** Lets the next thing happen; false when nothing is planned up to `end`. */
  step(end: Millis): boolean {
    const next = this.#planned.peek()
    if (next === undefined || next.at > end) return false
    this.#planned.pop()
    this.now = next.at
    next.happen()
    return true
  }
}
