/**
 * How many tasks failed, as GNU parallel tells it.
 */
const COUNTED_MAX = 100

/** 0: none; 1 to 100: that many; 101: more. */
export function failureStatus(failed: number): number {
  return Math.min(failed, COUNTED_MAX + 1)
}
