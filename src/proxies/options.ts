/**
 * What every wait can be told, and what is checked before anything is asked.
 */
import { P2pJobsError } from '../core/errors.ts'
import { ARG_CHARACTERS_MAX } from '../core/limits.ts'

/** What every call that may wait can be told. */
export interface WaitOptions {
  /** The longest it waits, in milliseconds; 0: not at all; by default, as long as it takes. */
  readonly timeoutMs?: number | undefined
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

/** A wait that can only be ended from outside. */
export type UntimedOptions = Omit<WaitOptions, 'timeoutMs'> & { readonly timeoutMs?: undefined }

/** Throws USAGE for a name that no object can have. */
export function checkObjectName(name: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= ARG_CHARACTERS_MAX) return
  throw new P2pJobsError('USAGE', `the name of an object has 1 to ${ARG_CHARACTERS_MAX} characters`)
}

/** Throws USAGE for a number that is none, or too small. */
export function checkNumber(what: string, value: unknown, min: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= min)) return
  throw new P2pJobsError('USAGE', `${what} must be a whole number of at least ${min}`)
}

/** A time to wait as whole milliseconds. Throws USAGE for what is none. */
export function checkTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || timeoutMs === Infinity) return undefined
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
    throw new P2pJobsError('USAGE', 'timeoutMs must be a number of milliseconds')
  }
  // As in Python, a time that has passed already is no time.
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(timeoutMs)))
}
