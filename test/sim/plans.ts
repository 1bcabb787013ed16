/**
 * What becomes of tasks: how long they take, and how they end.
 */
import type { Outcome } from '../../src/core/result.ts'
import type { Millis } from '../../src/core/types.ts'
import type { Plan } from './executor.ts'

/** Every task succeeds after a time between the two. */
export function succeeds(min: Millis, max: Millis): Plan {
  return (rng) => ({ ms: rng.integer(min, max), outcome: 'success' })
}

/** Every task ends like this, at once. */
export function alwaysEnds(outcome: Outcome): Plan {
  return (rng) => ({ ms: rng.integer(0, 3), outcome })
}

/** Most tasks succeed, some are long, a few end badly. */
export function motley(): Plan {
  return (rng) => {
    const long = rng.next() < 0.1 ? 20 : 1
    const luck = rng.next()
    const outcome =
      luck < 0.9 ? 'success' : luck < 0.94 ? 'failure' : luck < 0.98 ? 'crash' : 'refused'
    return { ms: rng.integer(1, 300) * long, outcome }
  }
}
