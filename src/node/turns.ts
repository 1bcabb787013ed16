/**
 * Work of which only so much is done at a time: the rest waits, in the order in which it came.
 */
import { Queue } from '../core/queue.ts'

export class Turns {
  readonly #waiting = new Queue<() => void>()
  #free: number

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
