/**
 * From the end of a task to what became of each of its calls.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { CallOutcome } from '../values/calls.ts'

/** How a task ended: what each of its calls came to, or why they came to nothing. */
export type TaskEnd =
  | { readonly outcomes: readonly CallOutcome[]; readonly bytes: number }
  | {
      readonly error: Error
      readonly exitCode: number | undefined
      readonly signal: string | undefined
    }

/** The outcome of each of `size` calls; a task that failed as a whole fails all of them. */
export function outcomesOf(end: TaskEnd, size: number): readonly CallOutcome[] {
  if ('outcomes' in end && end.outcomes.length === size) return end.outcomes
  const error = 'error' in end ? end.error : wrongNumber(end.outcomes.length, size)
  return Array.from({ length: size }, () => ({ ok: false, error }))
}

function wrongNumber(found: number, wanted: number): P2pJobsError {
  return new P2pJobsError('BAD_MESSAGE', `a worker sent ${found} results for ${wanted} calls`)
}
