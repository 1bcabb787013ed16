/**
 * Events.
 *
 *     set, clear → ok
 *     wait []    → ok [true] once it is set, [false] when it took too long
 *     state      → ok [isSet]
 */
import type { Ask, SharedObject } from '../shared-object.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

export class Event implements SharedObject {
  readonly kind = 'event'
  readonly name: string
  isDeleted = false
  readonly #state: ManagerState
  readonly #waits = new WaitList()
  #isSet = false

  constructor(state: ManagerState, name: string) {
    this.#state = state
    this.name = name
  }

  handle(ask: Ask): void {
    switch (ask.call.op) {
      case 'set':
        this.#isSet = true
        this.#state.answer(ask, 'ok')
        for (const wait of this.#waits) this.#state.end(wait, 'ok', [true])
        return
      case 'clear':
        this.#isSet = false
        this.#state.answer(ask, 'ok')
        return
      case 'wait':
        if (this.#isSet || ask.call.timeoutMs === 0) this.#state.answer(ask, 'ok', [this.#isSet])
        else this.#state.wait(ask, this, this.#waits)
        return
      case 'state':
        this.#state.answer(ask, 'ok', [this.#isSet])
        return
      default:
        this.#state.answer(ask, 'badCall')
    }
  }

  expire(wait: Wait): void {
    this.#state.end(wait, 'ok', [false])
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
