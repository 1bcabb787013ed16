/** How long the tasks of a job take, as far as is known. */

/** Nothing is known: as good as long. */
const UNKNOWN_MS = 1_000
/** The part of the last task in the mean. */
const NEWEST = 1 / 8
/** Of a task that took surprisingly long not more is believed at once: its process may have waited. */
const SURPRISE_FACTOR = 4
const SURPRISE_MS = 0.1

export class Pace {
  meanMs: number

  constructor(meanMs = UNKNOWN_MS) {
    this.meanMs = meanMs
  }

  count(takenMs: number): void {
    const { meanMs } = this
    if (meanMs === UNKNOWN_MS) {
      this.meanMs = Math.min(takenMs, UNKNOWN_MS - 1)
      return
    }
    const believed = Math.min(takenMs, meanMs * SURPRISE_FACTOR + SURPRISE_MS)
    this.meanMs = meanMs + (believed - meanMs) * NEWEST
  }
}
