/**
 * Makes objects, as `attach` asks for them.
 */
import { CLIENTS_AT_BARRIER_MAX } from '../../limits.ts'
import type { Kind } from '../calls.ts'
import type { Ask, SharedObject } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { Barrier } from './barrier.ts'
import { Condition } from './condition.ts'
import { Custom } from './custom.ts'
import { Dict } from './dict.ts'
import { Event } from './event.ts'
import { List } from './list.ts'
import { Lock } from './lock.ts'
import { SharedQueue } from './queue.ts'
import { Semaphore } from './semaphore.ts'
import { Value } from './value.ts'

/** The option of an object, behind its kind and name. */
const OPTION = 2

/** A new object; undefined: the options make no sense, or it has to be registered first. */
export function createObject(
  state: ManagerState,
  kind: Kind,
  name: string,
  { client, call }: Ask
): SharedObject | undefined {
  switch (kind) {
    case 'queue':
    case 'joinableQueue':
      return new SharedQueue(state, kind, name, integerOf(call, OPTION) ?? 0)
    case 'lock':
    case 'rlock':
      return new Lock(state, kind, name)
    case 'semaphore':
    case 'boundedSemaphore':
      return new Semaphore(state, kind, name, integerOf(call, OPTION) ?? 1)
    case 'event':
      return new Event(state, name)
    case 'condition': {
      const handle = integerOf(call, OPTION)
      if (handle === undefined) return new Condition(state, name)
      const lock = client.handles.get(handle)?.object
      const isFine = lock instanceof Lock && !lock.isDeleted
      return isFine ? new Condition(state, name, lock) : undefined
    }
    case 'barrier': {
      const parties = integerOf(call, OPTION, 1, CLIENTS_AT_BARRIER_MAX)
      return parties === undefined ? undefined : new Barrier(state, name, parties)
    }
    case 'value':
      return call.values[0] === undefined ? undefined : new Value(state, name, call.values[0])
    case 'dict':
      return new Dict(state, name)
    case 'list':
      return new List(state, name)
    case 'custom':
      return state.registered.has(name) ? new Custom(state, name) : undefined
  }
}
