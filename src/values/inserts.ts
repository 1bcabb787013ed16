/**
 * Puts keys into maps and sets, as long as that goes as it should.
 *
 * Engines spread numbers over a map by a function that anybody can compute. Keys can be chosen
 * which all fall into one place: each then costs a walk over all before it, and a message of a few
 * megabytes hours. So the time that keys take is measured, and a value that takes far more of it
 * than any honest one is given up. It is the time of this thread on a processor: it does not pass
 * while other programs run or the machine sleeps.
 */
import { Unreadable } from './byte-reader.ts'

/** So many keys do no harm, wherever they fall. */
export const INSERTS_MAX = 1_024
/** A key takes about 0.0001 ms; collecting garbage in between may take a second. */
const MS_EACH_MAX = 0.002
const MS_FREE = 2_000

export class Inserts {
  readonly #processorMs: () => number
  #count = 0
  #ms = 0

  constructor(processorMs = threadMs) {
    this.#processorMs = processorMs
  }

  /** Reads and inserts many keys. Throws Unreadable when inserting has taken too long. */
  run<Key>(count: number, read: () => Key, insert: (key: Key) => void): void {
    for (let left = count; left > 0; left -= INSERTS_MAX) {
      const keys = Array.from({ length: Math.min(left, INSERTS_MAX) }, read)
      const start = this.#processorMs()
      keys.forEach(insert)
      this.#ms += this.#processorMs() - start
      this.#count += keys.length
      if (this.#ms > MS_FREE + this.#count * MS_EACH_MAX) {
        throw new Unreadable('its keys take too long to be told apart')
      }
    }
  }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
