/**
 * What every wait can be told, and what is checked before anything is asked.
 */
import { abortSignal, check } from '../core/checks.ts'
import { P2pJobsError } from '../core/errors.ts'
import { ARG_CHARACTERS_MAX } from '../core/limits.ts'
import { shown } from '../core/shown.ts'

/** What every call that may wait can be told. */
export interface WaitOptions {
  /** The longest it waits, in milliseconds; 0: not at all; by default, as long as it takes. */
  readonly timeoutMs?: number | undefined
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

/** A wait that can only be ended from outside. */
export type UntimedOptions = Omit<WaitOptions, 'timeoutMs'> & { readonly timeoutMs?: undefined }

const NO_OPTIONS: WaitOptions = {}

/** Throws USAGE for a name that no object can have. */
export function checkObjectName(name: unknown): asserts name is string {
  if (isShortText(name) && name.length > 0) return
  const rule = `the name of an object is a text of 1 to ${ARG_CHARACTERS_MAX} characters`
  throw new P2pJobsError('USAGE', `${rule}, not ${shown(name)}`)
}

/** A text that can be an argument of a call, and is read as it was written. */
export function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= ARG_CHARACTERS_MAX && value.isWellFormed()
}

/** Throws USAGE for what cannot be iterated, such as a list. */
export function checkIterable(what: string, value: unknown): void {
  if (typeof value === 'string') return
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return
  throw new P2pJobsError('USAGE', `${what} must be a list, or else iterable, not ${shown(value)}`)
}

/** Throws USAGE for options that are none; `form` is how they are given. */
export function checkOptions(form: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new P2pJobsError('USAGE', `options are given as ${form}, not ${shown(options)}`)
}

/** What a wait was told, and nothing else. Throws USAGE for what says nothing of a wait. */
export function waitOptionsOf(options: unknown): WaitOptions {
  if (options === undefined) return NO_OPTIONS
  checkOptions('{ timeoutMs, signal }', options)
  const { timeoutMs, signal } = options as WaitOptions
  check('signal', signal, abortSignal)
  return { timeoutMs: checkTimeout(timeoutMs), signal }
}

/** A time to wait as whole milliseconds. Throws USAGE for what is none. */
export function checkTimeout(timeoutMs: unknown, what = 'timeoutMs'): number | undefined {
  if (timeoutMs === undefined || timeoutMs === Infinity) return undefined
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
    const rule = `${what} must be a number of milliseconds`
    throw new P2pJobsError('USAGE', `${rule}, not ${shown(timeoutMs)}`)
  }
  // As in Python, a time that has passed already is no time.
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(timeoutMs)))
}
