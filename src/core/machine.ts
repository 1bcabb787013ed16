/**
 * The contract of everything that decides. A machine is synchronous and knows no clock, no
 * randomness and no I/O: the driver in `src/node` brings it events and performs its effects.
 */
import type { Millis } from './types.ts'

export interface Machine<Event, Effect> {
  /** The only way its state changes. `now` never goes backwards. Effects are performed in order. */
  handle(event: Event, now: Millis): Effect[]
  /** When it wants to be woken with `{ type: 'wake' }`, at the latest; undefined: not at all. */
  readonly deadline: Millis | undefined
}
