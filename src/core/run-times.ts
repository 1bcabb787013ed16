/**
 * How long tasks of a job ran that succeeded, as a histogram: a median takes no more memory however
 * many they are. Four steps for each doubling, so it is at most a quarter too long.
 */
import type { Millis } from './types.ts'

/** Below this, each millisecond has a step of its own. */
const EXACT_BELOW = 8
/** About 25 days: what took longer counts as this. */
const LONGEST = 2 ** 31 - 1

export class RunTimes {
  count = 0
  readonly #steps: number[] = []

  add(ms: Millis): void {
    const step = stepOf(Math.min(ms, LONGEST))
    while (this.#steps.length <= step) this.#steps.push(0)
    this.#steps[step] = (this.#steps[step] ?? 0) + 1
    this.count++
  }

  /** At least half of them took no longer. 0 when there are none. */
  get median(): Millis {
    let left = this.count / 2
    for (const [step, times] of this.#steps.entries()) {
      left -= times
      if (left <= 0) return longestOf(step)
    }
    return 0
  }
}

function stepOf(ms: Millis): number {
  if (ms < EXACT_BELOW) return ms
  const doublings = 31 - Math.clz32(ms)
  return 4 * (doublings - 1) + ((ms >> (doublings - 2)) & 3)
}

/** The longest time that belongs to a step. */
function longestOf(step: number): Millis {
  if (step < EXACT_BELOW) return step
  const doublings = (step >> 2) + 1
  return (5 + (step & 3)) * 2 ** (doublings - 2) - 1
}
