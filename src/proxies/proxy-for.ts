/**
 * From what was sent of a manager's object to what stands for it where it arrived.
 */
import { P2pJobsError } from '../core/errors.ts'
import { decodeValue } from '../values/decode.ts'
import type { Reference } from '../values/references.ts'
import { Barrier } from './barrier.ts'
import { Condition } from './condition.ts'
import { Custom } from './custom.ts'
import { Dict } from './dict.ts'
import { Event } from './event.ts'
import { List } from './list.ts'
import { Lock, RLock } from './lock.ts'
import { JoinableQueue, Queue } from './queue.ts'
import { BoundedSemaphore, Semaphore } from './semaphore.ts'
import type { Calls } from './shared.ts'
import { Value } from './value.ts'

type Make = (calls: Calls, name: string, options: unknown) => object

const MAKE: Readonly<Record<string, Make>> = {
  queue: (calls, name, options) => new Queue(calls, name, { maxsize: Number(options) }),
  joinableQueue: (calls, name, options) =>
    new JoinableQueue(calls, name, { maxsize: Number(options) }),
  lock: (calls, name) => new Lock(calls, name),
  rlock: (calls, name) => new RLock(calls, name),
  semaphore: (calls, name, options) => new Semaphore(calls, name, Number(options)),
  boundedSemaphore: (calls, name, options) => new BoundedSemaphore(calls, name, Number(options)),
  event: (calls, name) => new Event(calls, name),
  condition: (calls, name, options) =>
    new Condition(calls, name, { lock: options instanceof Lock ? options : undefined }),
  // The action of a barrier is code of the program that brought it.
  barrier: (calls, name, options) => {
    const [parties, timeoutMs] = Array.isArray(options) ? (options as unknown[]) : []
    const timeout = typeof timeoutMs === 'number' ? timeoutMs : undefined
    return new Barrier(calls, name, { parties: Number(parties), timeoutMs: timeout })
  },
  value: (calls, name, options) => {
    const bytes = options instanceof Uint8Array ? options : new Uint8Array(0)
    return new Value(calls, name, decodeValue(bytes))
  },
  dict: (calls, name) => new Dict(calls, name),
  list: (calls, name) => new List(calls, name),
  custom: (calls, name) => new Custom(calls, name).proxy
}

/** Throws BAD_VALUE for a kind that is unknown here, and what making one throws. */
export function proxyFor(calls: Calls, { kind, name, options }: Reference): object {
  const make = Object.hasOwn(MAKE, kind) ? MAKE[kind] : undefined
  if (make !== undefined) return make(calls, name, options)
  throw new P2pJobsError('BAD_VALUE', `no object of a manager is a '${kind}'`)
}
