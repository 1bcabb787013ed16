/**
 * The errors of shared objects. Three have a class of their own, as in Python; all have a `code`.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { KINDS } from '../core/manager/calls.ts'
import type { Answer, Kind, Op, Status } from '../core/manager/calls.ts'

/** Nothing came into the queue in time. */
export class Empty extends P2pJobsError {
  override readonly name = 'Empty'

  constructor(queue: string) {
    super('EMPTY', `nothing came into the queue '${queue}' in time`)
  }
}

/** No room became free in the queue in time. */
export class Full extends P2pJobsError {
  override readonly name = 'Full'
  /** How many items of a `putMany` are in the queue. */
  readonly put: number

  constructor(queue: string, put: number) {
    super('FULL', `no room became free in the queue '${queue}' in time`)
    this.put = put
  }
}

/** Somebody gave up at the barrier, or aborted it. */
export class BrokenBarrierError extends P2pJobsError {
  override readonly name = 'BrokenBarrierError'

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

/** Releases of kinds that can be released by their holder only, or so often only. */
const RELEASES: Readonly<Partial<Record<Kind, string>>> = {
  rlock:
    'was released although this object does not hold it, or not any more: an RLock is held by the ' +
    'object whose acquire() was called',
  boundedSemaphore: 'was released more often than it was acquired, or not by its holder'
}

const NOT_ON_LEASE = 'has no such item on lease: it was acknowledged, or is back in the queue'

/** What else than a release needs something that is held. */
const NOT_HELD: Readonly<Partial<Record<Op, string>>> = {
  taskDone:
    'was told taskDone() more often than items were put into it: call it once for each item',
  ack: NOT_ON_LEASE,
  giveBack: NOT_ON_LEASE,
  wait: 'cannot be waited for, as its lock is not held, or not any more: acquire() it first',
  notify: 'cannot be notified, as its lock is not held, or not any more: acquire() it first'
}

/** What was asked of which object. */
export interface Asked {
  readonly kind: Kind
  readonly name: string
  readonly op: Op
}

/** The error for an answer that is not `ok`. */
export function errorOf({ status, args }: Answer, asked: Asked): P2pJobsError {
  const { kind, name } = asked
  if (status === 'empty') return new Empty(name)
  if (status === 'full') return new Full(name, Number(args[0] ?? 0))
  if (status === 'broken') return new BrokenBarrierError(name)
  if (status === 'ok' || status === 'failed') {
    return new P2pJobsError(
      'BAD_MESSAGE',
      `a manager gave an answer that makes no sense: ${status}`
    )
  }
  if (status === 'notFound' && kind === 'custom') return notRegistered(name)
  const [code, text] = PROBLEMS[status]
  const other = status === 'otherKind' ? `: ${oneOf(wordFor(KINDS[Number(args[0])]))}` : ''
  return new P2pJobsError(
    code,
    `the ${wordFor(kind)} '${name}' ${special(status, asked) ?? text}${other}`
  )
}

/** What a status says of some operations only. */
function special(status: Status, { kind, op }: Asked): string | undefined {
  if (status === 'notHeld') return (op === 'release' ? RELEASES[kind] : undefined) ?? NOT_HELD[op]
  if (status === 'badCall' && kind === 'condition' && op === 'attach') {
    return 'cannot have that lock, which was deleted, or could not be had itself'
  }
  return undefined
}

function notRegistered(name: string): P2pJobsError {
  return new P2pJobsError(
    'NOT_FOUND',
    `no object '${name}' is registered: call manager.register('${name}', factory) in the program ` +
      'that started the manager'
  )
}

function oneOf(word: string): string {
  return `${/^[aeo]/.test(word) ? 'an' : 'a'} ${word}`
}

/** What people call a kind of object. */
export function wordFor(kind: Kind | undefined): string {
  return kind === 'custom' ? 'object' : (kind ?? 'thing')
}
