/**
 * The errors of shared objects. Three have a class of their own, as in Python; all have a `code`.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { KINDS } from '../core/manager/calls.ts'
import type { Answer, Status } from '../core/manager/calls.ts'

/** Nothing came into the queue in time. */
export class Empty extends P2pJobsError {
  constructor(queue: string) {
    super('EMPTY', `nothing came into the queue '${queue}' in time`)
  }
}

/** No room became free in the queue in time. */
export class Full extends P2pJobsError {
  /** How many items of a `putMany` are in the queue. */
  readonly put: number

  constructor(queue: string, put: number) {
    super('FULL', `no room became free in the queue '${queue}' in time`)
    this.put = put
  }
}

/** Somebody gave up at the barrier, or aborted it. */
export class BrokenBarrierError extends P2pJobsError {
  constructor(barrier: string) {
    super('BROKEN', `the barrier '${barrier}' is broken: somebody gave up waiting, or aborted it`)
  }
}

type Problem = Exclude<Status, 'ok' | 'empty' | 'full' | 'broken' | 'failed'>

const PROBLEMS: Readonly<Record<Problem, readonly [ErrorCode, string]>> = {
  notHeld: ['NOT_HELD', 'was released although it is not held, or not by this program any more'],
  canceled: ['TIMEOUT', 'was waited for longer than wanted'],
  deleted: ['DELETED', 'has been deleted'],
  notFound: ['NOT_FOUND', 'has nothing there'],
  otherKind: ['OTHER_KIND', 'is something else'],
  limit: ['LIMIT', 'would take more than its manager has room for'],
  badCall: ['USAGE', 'cannot do that'],
  conflict: ['CONFLICT', 'has changed meanwhile'],
  noSpace: [
    'JOURNAL_FULL',
    'takes nothing new, as the disk of its manager is nearly full: make room on it and put it again; what is in the queue can be taken'
  ]
}

/** The error for an answer that is not `ok`, about an object called `what`. */
export function errorOf({ status, args }: Answer, what: string, name: string): P2pJobsError {
  if (status === 'empty') return new Empty(name)
  if (status === 'full') return new Full(name, Number(args[0] ?? 0))
  if (status === 'broken') return new BrokenBarrierError(name)
  if (status === 'ok' || status === 'failed') {
    return new P2pJobsError(
      'BAD_MESSAGE',
      `a manager gave an answer that makes no sense: ${status}`
    )
  }
  const [code, text] = PROBLEMS[status]
  const kind = status === 'otherKind' ? `: a ${KINDS[Number(args[0])] ?? 'thing'}` : ''
  return new P2pJobsError(code, `the ${what} '${name}' ${text}${kind}`)
}
