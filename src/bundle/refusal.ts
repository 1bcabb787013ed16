/**
 * How every refusal to ship a function reads: one line with what it is, why not, and the cure.
 */
import { P2pJobsError } from '../core/errors.ts'

/** The error for `subject`: a function's quoted name, a module's path, or both. */
export function refusal(subject: string, problem: string, options?: ErrorOptions): P2pJobsError {
  // A problem at a place in the module itself names it already.
  const full = problem.startsWith(`${subject}:`) ? problem : `${subject}: ${problem}`
  const line = full.replaceAll(/\s*[\n\r]\s*/g, ' ')
  return new P2pJobsError('BAD_FUNCTION', `cannot ship ${line}`, options)
}

/** True if a variable can be called `name`. */
export function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && name !== 'default'
}

/** 'a', 'b' and 'c': at most eight of them. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).map((name) => `'${name}'`)
  if (names.length > NAMES_MAX) shown.push(`${names.length - NAMES_MAX} more`)
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

const NAMES_MAX = 8
