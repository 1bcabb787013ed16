/**
 * Objects that the manager's user registered: their methods run in the user's program.
 *
 *     invoke [method] + arguments → ok + what it returned; failed + what it threw
 */
import type { Ask, SharedObject } from '../shared-object.ts'
import { textOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

export class Custom implements SharedObject {
  readonly kind = 'custom'
  readonly name: string
  isDeleted = false
  readonly #state: ManagerState
  readonly #waits = new WaitList()

  constructor(state: ManagerState, name: string) {
    this.#state = state
    this.name = name
  }

  handle(ask: Ask): void {
    const method = textOf(ask.call, 0)
    const [args] = ask.call.values
    if (ask.call.op !== 'invoke' || method === undefined || args === undefined) {
      this.#state.answer(ask, 'badCall')
      return
    }
    const wait = this.#state.wait(ask, this, this.#waits)
    if (wait !== undefined) this.#state.invoke(wait, method, args)
  }

  /** The method runs on, and nobody is told what it returns. */
  expire(wait: Wait): void {
    this.#state.end(wait, 'canceled')
  }

  cancel(wait: Wait): void {
    this.#state.end(wait, 'canceled')
  }

  drop(): void {
    return undefined
  }

  lose(): void {
    return undefined
  }

  clear(): void {
    for (const wait of this.#waits) this.#state.end(wait, 'deleted')
  }
}
