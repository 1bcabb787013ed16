/**
 * Conditions: with a lock of their own, or with a lock that is an object itself.
 *
 *     acquire, release, state: those of the lock
 *     wait []           → ok [wasNotified, fence] once it holds the lock again
 *     notify [n or null] → ok; notHeld if the caller does not hold the lock. null: everybody
 */
import type { Client } from '../client-view.ts'
import type { Ask, SharedObject } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'
import type { Lock } from './lock.ts'

export class Condition implements SharedObject {
  readonly kind = 'condition'
  readonly name: string
  isDeleted = false
  readonly #state: ManagerState
  readonly #lock: Lock
  readonly #waits = new WaitList()

  constructor(state: ManagerState, name: string, lock: Lock) {
    this.#state = state
    this.name = name
    this.#lock = lock
  }

  handle(ask: Ask): void {
    if (this.#lock.isDeleted) {
      this.#state.answer(ask, 'deleted')
      return
    }
    switch (ask.call.op) {
      case 'wait':
        this.#wait(ask)
        return
      case 'notify':
        this.#notify(ask)
        return
      default:
        this.#lock.handle(ask)
    }
  }

  expire(wait: Wait): void {
    wait.isTrue = false
    this.#wake(wait)
  }

  /** It has to hold the lock before it can go on. */
  cancel(wait: Wait): void {
    if (wait.list !== this.#waits) return
    wait.outcome = 'canceled'
    this.#wake(wait)
  }

  drop(): void {
    return undefined
  }

  lose(client: Client): void {
    this.#lock.lose(client)
  }

  clear(): void {
    for (const wait of this.#waits) this.#state.end(wait, 'deleted')
  }

  #wait(ask: Ask): void {
    if (!this.#lock.isHeldBy(ask)) {
      this.#state.answer(ask, 'notHeld')
      return
    }
    const wait = this.#state.wait(ask, this, this.#waits)
    if (wait === undefined) return
    wait.amount = this.#lock.free()
  }

  #notify(ask: Ask): void {
    if (!this.#lock.isHeldBy(ask)) {
      this.#state.answer(ask, 'notHeld')
      return
    }
    const most = ask.call.args[0] === null ? Infinity : (integerOf(ask.call, 0) ?? 1)
    for (let count = 0; count < most && this.#waits.first !== undefined; count++) {
      this.#wake(this.#waits.first)
    }
    this.#state.answer(ask, 'ok')
  }

  #wake(wait: Wait): void {
    if (this.#lock.isDeleted) this.#state.end(wait, 'deleted')
    else this.#lock.regain(wait)
  }
}
