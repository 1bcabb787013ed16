/**
 * The one clock of the machines: whole milliseconds that never go backwards, and that a change of
 * the wall clock does not touch.
 */
import type { Millis } from '../core/types.ts'

export function monotonicNow(): Millis {
  return Math.floor(performance.now())
}
