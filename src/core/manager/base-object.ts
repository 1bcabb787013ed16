/**
 * What objects of a manager have in common: operations by name, and waits that end in vain.
 */
import type { Kind, Op } from './calls.ts'
import type { Ask, SharedObject } from './shared-object.ts'
import type { ManagerState } from './state.ts'
import type { Wait, WaitList } from './waits.ts'

export type Ops = Partial<Record<Op, (ask: Ask) => void>>

export abstract class BaseObject implements SharedObject {
  abstract readonly kind: Kind
  readonly name: string
  isDeleted = false
  protected readonly state: ManagerState
  /** What it can be asked. */
  protected abstract readonly ops: Ops

  constructor(state: ManagerState, name: string) {
    this.state = state
    this.name = name
  }

  handle(ask: Ask): void {
    const op = this.ops[ask.call.op]
    if (op === undefined) this.state.answer(ask, 'badCall')
    else op(ask)
  }

  /** Most answer that it did not come about. */
  expire(wait: Wait): void {
    this.state.end(wait, 'ok', [false])
  }

  cancel(wait: Wait): void {
    this.state.end(wait, 'canceled')
  }

  abstract clear(): void

  protected endAll(list: WaitList, status: 'deleted' | 'broken'): void {
    for (const wait of list) this.state.end(wait, status)
  }
}
