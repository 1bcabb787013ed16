/**
 * Operating errors: what can go wrong although no code is wrong.
 *
 * Told apart by `code`, never by class or text. The message says what was being done, what
 * happened and what to do next, in one line; the cause is kept.
 */

/** Every operating error there is. */
const ERROR_CODES = [
  'USAGE', // the command line or a configuration is wrong
  'NO_NETWORK', // this home holds no token for the network
  'NOT_A_MASTER', // this home holds a work token where a full one is needed
  'BAD_TOKEN', // a token that cannot be read or belongs to another network
  'BAD_IDENTITY', // the identity file cannot be read as one
  'BAD_HOME', // the home folder cannot be read or written
  'BAD_INPUT', // a file of jobs or arguments that cannot be read
  'LIMIT', // more than this program takes: jobs of a master, tasks of a job
  'OUTPUT_FAILED', // what goes to stdout cannot be written
  'PORT_IN_USE', // an address that cannot be listened on: mostly, another program does
  'BAD_MESSAGE', // bytes of a peer that are not what the protocol says
  'REFUSED', // a peer that is not admitted, or that refuses us
  'UNREACHABLE', // a peer that does not answer
  'BAD_VALUE', // an argument or result that cannot be sent, or bytes that are none
  'BLOB_NOT_FOUND', // a blob that is not there, or that the asker may not read
  'BLOB_DAMAGED', // bytes that do not have the hash they were asked for by
  'EXECUTOR_FAILED', // the helper that runs tasks cannot be started
  'BAD_FUNCTION', // a function that cannot be sent to a worker as it stands
  'BUNDLER_FAILED', // the program that bundles functions cannot be run
  'NO_SANDBOX', // functions must be in a sandbox, and none works here
  'STOPPED', // the node or pool has been stopped
  'CLOSED', // a call to a pool that takes no more
  'STILL_OPEN', // waiting for the end of a pool that was not closed
  'TERMINATED', // a call whose pool was terminated
  'CANCELED', // a call that its caller ended
  'NOT_READY', // asking how a call ended that has not
  'TIMEOUT', // a call that took longer than it may, or was waited for
  'CRASHED', // a call whose process died under it, again and again
  'ABORTED', // a call given up because its workers were lost, again and again
  'TASK_FAILED', // a call that could not be carried out
  'JOURNAL_FULL', // no space left to write down what is submitted
  'JOURNAL_FAILED', // the journal cannot be read or written
  'JOURNAL_NEWER', // a later version of this program wrote it
  'NO_DAEMON', // no node of this home runs as a master
  'NOT_FOUND', // a job, task or worker that is not there (any more)
  'TOO_EARLY', // something that has to wait until a job has ended
  'EMPTY', // nothing came into a queue in time
  'FULL', // no room became free in a queue in time
  'NOT_HELD', // a release of something that is not held, or not any more
  'BROKEN', // a barrier at which somebody gave up
  'CONFLICT', // what was to be replaced is not what was expected
  'DELETED', // a shared object that was deleted
  'OTHER_KIND', // a shared object of this name is something else
  'NOT_SERVED', // nobody in the network serves a manager of this name
  'MANAGER_GONE', // the manager of a shared object is gone for good
  'LOST', // a call of a client that its manager gave up: it may have taken effect
  'FAULT' // a mistake in the program of the node that was asked
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES)

export class P2pJobsError extends Error {
  /** That of its class: `Empty`, or else `P2pJobsError`. */
  override readonly name: string = 'P2pJobsError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The operating error itself, or undefined for anything else that was thrown. */
export function operatingErrorOf(thrown: unknown): P2pJobsError | undefined {
  return thrown instanceof P2pJobsError ? thrown : undefined
}

/**
 * Makes an error that was an operating error where it was thrown, and has travelled, one again; any
 * other, and one with a code that is not known here, stays what it is.
 */
export function reviveOperatingError(error: Error): void {
  const { name, code }: { readonly name: string; readonly code?: unknown } = error
  if (name !== P2pJobsError.name || !CODES.has(code)) return
  if (Object.getPrototypeOf(error) !== Error.prototype) return
  Object.setPrototypeOf(error, P2pJobsError.prototype)
}

/** What the system says when a disk is full, or a user's share of it; libuv has no name for that. */
const NO_SPACE: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'Unknown system error -122']

/** Something could not be written for want of space on the disk: that, or what was caused by it. */
export function isNoSpace(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  return NO_SPACE.includes((thrown as { code?: unknown }).code) || isNoSpace(thrown.cause)
}

/** Whatever was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
