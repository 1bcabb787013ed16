/**
 * By when the tasks of one job have to have started. Tasks come in order, and all have the same
 * time, so a queue of ranges is enough, however many there are.
 */
import { Queue } from './queue.ts'
import type { Millis } from './types.ts'

export class StartDeadlines {
  readonly #withinMs: Millis
  /** Tasks up to `last`, from behind those of the range before. */
  readonly #ranges = new Queue<{ last: number; readonly at: Millis }>()
  /** The last task whose time is over. */
  #passed = 0
  #newest: { last: number; readonly at: Millis } | undefined

  constructor(withinMs: Millis) {
    this.#withinMs = withinMs
  }

  /** When the next of them have to have started. */
  get next(): Millis | undefined {
    return this.#ranges.peek()?.at
  }

  /** Tasks up to this one have been added. */
  add(last: number, now: Millis): void {
    const at = now + this.#withinMs
    if (this.#ranges.size > 0 && this.#newest?.at === at) this.#newest.last = last
    else this.#ranges.push((this.#newest = { last, at }))
  }

  /** Takes out the tasks whose time is over. */
  *take(now: Millis): Generator<number> {
    for (let range = this.#ranges.peek(); range !== undefined && range.at <= now;) {
      this.#ranges.shift()
      while (this.#passed < range.last) yield ++this.#passed
      range = this.#ranges.peek()
    }
  }
}
