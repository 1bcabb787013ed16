/**
 * What a client asks of the objects of a manager, and what it is answered, as data.
 *
 * Values are opaque bytes: only callers encode and read them. All else of a call or an answer is in
 * its `args`, whose meaning each object has in its own file.
 */
import type { Millis } from '../types.ts'

/** What an object is. Sent as its place in this list. */
export const KINDS = [
  'queue',
  'joinableQueue',
  'lock',
  'rlock',
  'semaphore',
  'boundedSemaphore',
  'event',
  'condition',
  'barrier',
  'value',
  'dict',
  'list',
  'custom'
] as const
export type Kind = (typeof KINDS)[number]

/** What can be asked. Sent as its place in this list; each object knows some of them. */
export const OPS = [
  'attach', // to an object, which is made if there is none: [kind, name, ...its options]
  'cancel', // a wait: [its request]; the answer of that one says what came of it
  'delete', // an object, by its name: [name]
  'state',
  'put',
  'get',
  'taskDone',
  'join',
  'ack',
  'giveBack',
  'acquire',
  'release',
  'set',
  'clear',
  'wait',
  'notify',
  'arrive',
  'acted',
  'abort',
  'reset',
  'has',
  'remove',
  'entries',
  'splice',
  'slice',
  'find',
  'reverse',
  'invoke'
] as const
export type Op = (typeof OPS)[number]

/** How a call ended. Sent as its place in this list. */
export const STATUSES = [
  'ok',
  'empty', // nothing came into the queue in time
  'full', // no room became free in time
  'notHeld', // what was to be released is not held, or not by the caller
  'broken', // the barrier is
  'canceled', // as its caller wanted
  'deleted', // the object was
  'notFound', // no such object, key or place
  'otherKind', // there is an object of this name, which is something else
  'limit', // more than a manager takes
  'badCall', // what this object does not know, or arguments that make no sense
  'failed', // a method threw; the value says what
  'conflict', // what was to be replaced is not what was expected
  'noSpace' // the disk of a durable manager is nearly full
] as const
export type Status = (typeof STATUSES)[number]

export type Arg = number | string | boolean | null

export interface Call {
  /** The caller's number of the object: the one that `attach` names. */
  readonly handle: number
  readonly op: Op
  /** The longest that it may wait; undefined: for ever; 0: not at all. */
  readonly timeoutMs: Millis | undefined
  readonly args: readonly Arg[]
  readonly values: readonly Uint8Array[]
}

export interface Answer {
  /** The number of the call. */
  readonly request: number
  readonly status: Status
  readonly args: readonly Arg[]
  readonly values: readonly Uint8Array[]
}

/** What anything that is kept takes beyond its own bytes, roughly. */
export const KEPT_OVERHEAD_BYTES = 64

/** What it takes in memory, roughly. */
export function sizeOf({ args, values }: Pick<Call, 'args' | 'values'>): number {
  let bytes = KEPT_OVERHEAD_BYTES
  for (const arg of args) bytes += typeof arg === 'string' ? 2 * arg.length : 8
  for (const value of values) bytes += value.length + KEPT_OVERHEAD_BYTES
  return bytes
}
