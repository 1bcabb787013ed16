/**
 * What is said of a journal that is damaged, wherever that comes to light.
 */
import { P2pJobsError } from '../core/errors.ts'

/** What is written there makes no sense. `verb`: what was tried. */
export function damaged(
  path: string,
  verb: 'opened' | 'read' | 'written',
  what: string,
  cause: unknown
): P2pJobsError {
  const cure = 'it is damaged: move it away, and put back a copy of it if you have one'
  const message = `the journal ${path} cannot be ${verb} (${what}): ${cure}`
  return new P2pJobsError('JOURNAL_FAILED', message, { cause })
}
