/**
 * Managers as they must not be: each lacks one safety, and random programs have to notice.
 */
import { Client } from '../../src/core/manager/client-view.ts'
import { Barrier } from '../../src/core/manager/objects/barrier.ts'
import { Condition } from '../../src/core/manager/objects/condition.ts'
import { Dict } from '../../src/core/manager/objects/dict.ts'
import { Lock } from '../../src/core/manager/objects/lock.ts'
import { SharedQueue } from '../../src/core/manager/objects/queue.ts'
import { Semaphore } from '../../src/core/manager/objects/semaphore.ts'
import type { Ask } from '../../src/core/manager/shared-object.ts'
import { ManagerState } from '../../src/core/manager/state.ts'
import { WaitList } from '../../src/core/manager/waits.ts'
import type { Wait } from '../../src/core/manager/waits.ts'

/** Replaces a method, or what a getter says; returns what puts it right again. */
function replace(
  { prototype }: { readonly prototype: object },
  name: string | symbol,
  change: (before: PropertyDescriptor) => PropertyDescriptor
): () => void {
  const before = Reflect.getOwnPropertyDescriptor(prototype, name)!
  Object.defineProperty(prototype, name, { ...before, ...change(before) })
  return () => Object.defineProperty(prototype, name, before)
}

const without = (kind: { readonly prototype: object }, name: string) => () =>
  replace(kind, name, () => ({ value: () => undefined }))

/** What is broken, and how. */
export const VARIANTS: Readonly<Record<string, () => () => void>> = {
  'the last that waits is served first': () =>
    replace(WaitList, 'first', () => ({
      get(this: WaitList) {
        return this.last
      }
    })),
  'only the first of all that wait is woken': () =>
    replace(WaitList, Symbol.iterator, () => ({
      *value(this: WaitList) {
        if (this.first !== undefined) yield this.first
      }
    })),
  'a lock stays with a holder that is lost': without(Lock, 'lose'),
  'what a lost client has on lease is lost with it': without(SharedQueue, 'lose'),
  'the permits of a lost client are lost with it': without(Semaphore, 'lose'),
  'a barrier does not notice that somebody is lost': without(Barrier, 'drop'),
  'what a lost client would have put is kept': without(SharedQueue, 'drop'),
  'a wait of a condition that is canceled goes on without its lock': () =>
    replace(Condition, 'cancel', () => ({
      value(this: { readonly state: ManagerState }, wait: Wait) {
        this.state.end(wait, 'canceled')
      }
    })),
  'a call that is sent again is carried out again': () =>
    replace(Client, 'reopen', ({ value }) => ({
      value(this: Client, answers: number): unknown {
        if (this.received > 0) this.received--
        return Reflect.apply(value as (answers: number) => number, this, [answers])
      }
    })),
  'nobody waits too long': () =>
    replace(ManagerState, 'wait', ({ value }) => ({
      value(this: ManagerState, ask: Ask, ...rest: unknown[]): unknown {
        const call = { ...ask.call, timeoutMs: undefined }
        return Reflect.apply(value as (...args: unknown[]) => unknown, this, [
          { ...ask, call },
          ...rest
        ])
      }
    })),
  'a dict keeps what is cleared': without(Dict, 'clear'),
  'a deleted lock is forgotten by those who wait for it': without(Lock, 'clear')
}
