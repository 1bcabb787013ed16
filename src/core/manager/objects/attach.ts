/**
 * Calls about objects as such: which ones there are, by their names.
 */
import { HANDLES_MAX, OBJECTS_MAX } from '../../limits.ts'
import { KINDS } from '../calls.ts'
import type { Kind } from '../calls.ts'
import type { Ask, SharedObject } from '../shared-object.ts'
import { integerOf, textOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { createObject } from './create.ts'

/**
 * Gives the object of this name to the client's handle; makes it if there is none, else its options
 * are of no interest.
 */
export function attach(state: ManagerState, ask: Ask): void {
  const { client, call } = ask
  const kind = KINDS[integerOf(call, 0) ?? -1]
  const name = textOf(call, 1)
  if (kind === undefined || name === undefined || client.handles.has(call.handle)) {
    state.answer(ask, 'badCall')
    return
  }
  const found = state.objects.get(name)
  if (found !== undefined && found.kind !== kind) {
    state.answer(ask, 'otherKind', [KINDS.indexOf(found.kind)])
    return
  }
  if (client.handles.size >= HANDLES_MAX || (!found && state.objects.size >= OBJECTS_MAX)) {
    state.answer(ask, 'limit')
    return
  }
  const object = found ?? create(state, ask, kind, name)
  if (object === undefined) return
  const { handle } = call
  const owner = ownerOf(kind, ask)
  const row =
    state.ledger?.add({
      type: 'handle',
      client: client.row,
      handle,
      owner,
      queue: object.row ?? 0
    }) ?? 0
  client.handles.set(handle, { object, owner, row })
  client.objects.add(object)
  state.answer(ask, 'ok', [found === undefined])
}

/** Whoever waits for the object is told; its name is free again. */
export function deleteObject(state: ManagerState, ask: Ask): void {
  const object = state.objects.get(textOf(ask.call, 0) ?? '')
  if (object === undefined) {
    state.answer(ask, 'notFound')
    return
  }
  state.objects.delete(object.name)
  object.isDeleted = true
  object.clear()
  state.answer(ask, 'ok')
}

function create(state: ManagerState, ask: Ask, kind: Kind, name: string): SharedObject | undefined {
  const object = createObject(state, kind, name, ask)
  if (object === undefined) state.answer(ask, kind === 'custom' ? 'notFound' : 'badCall')
  else state.objects.set(name, object)
  return object
}

/** A condition with a lock that is an object itself is held by whoever holds that. */
function ownerOf(kind: Kind, { call }: Ask): number {
  return kind === 'condition' ? (integerOf(call, 2) ?? call.handle) : call.handle
}
