/**
 * Errors of calls that ran elsewhere, as their caller gets them: the error itself, with the stack
 * it had there, and who ran it.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { EndState } from '../core/task.ts'
import type { Result } from '../core/result.ts'

/** What an error that came from a worker carries besides what was thrown there. */
export interface Remote {
  /** The name of the worker. */
  readonly worker: string
}

/** What was thrown on a worker. Errors are marked with where they come from; other values stay. */
export function remoteError(thrown: unknown, worker: string): unknown {
  if (!(thrown instanceof Error)) return thrown
  const remote: Remote = { worker }
  Object.defineProperty(thrown, 'remote', { value: remote, configurable: true })
  const stack = thrown.stack ?? `${thrown.name}: ${thrown.message}`
  Object.defineProperty(thrown, 'stack', {
    value: `${stack}\n    at worker ${worker}`,
    configurable: true,
    writable: true
  })
  return thrown
}

/** Why there is no value: the task itself did not come to an end of its own. */
export function taskError(state: EndState, result: Result, worker: string): P2pJobsError {
  const where = worker === '' ? '' : ` on ${worker}`
  if (state === 'canceled') {
    return new P2pJobsError('CANCELED', `the call was canceled: ${result.reason}`)
  }
  const code: ErrorCode = state === 'aborted' ? 'ABORTED' : CODES[result.outcome]
  return new P2pJobsError(code, `the call failed${where}: ${result.reason}`)
}

const CODES = {
  success: 'TASK_FAILED',
  failure: 'TASK_FAILED',
  timeout: 'TIMEOUT',
  crash: 'CRASHED',
  refused: 'TASK_FAILED',
  returned: 'TASK_FAILED'
} as const
