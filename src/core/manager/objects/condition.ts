/**
 * Conditions: with a lock of their own, or with a lock that is an object itself.
 *
 *     acquire, release, state: those of the lock
 *     wait []           → ok [wasNotified, fence] once it holds the lock again
 *     notify [n or null] → ok; notHeld if the caller does not hold the lock. null: everybody
 */
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'
import { Lock } from './lock.ts'

export class Condition extends BaseObject {
  readonly kind = 'condition'
  readonly #lock: Lock
  readonly #isOwn: boolean
  readonly #waits = new WaitList()
  protected readonly ops = {
    acquire: (ask) => this.#lock.handle(ask),
    release: (ask) => this.#lock.handle(ask),
    state: (ask) => this.#lock.handle(ask),
    wait: (ask) => this.#wait(ask),
    notify: (ask) => this.#notify(ask)
  } satisfies Ops

  /** With a lock that is an object, or else one of its own. */
  constructor(state: ManagerState, name: string, lock?: Lock) {
    super(state, name)
    this.#isOwn = lock === undefined
    this.#lock = lock ?? new Lock(state, 'lock', name)
    this.#lock.conditions.add(this)
  }

  /** Without its lock, it can do nothing. */
  override handle(ask: Ask): void {
    if (this.#lock.isDeleted) this.state.answer(ask, 'deleted')
    else super.handle(ask)
  }

  override expire(wait: Wait): void {
    wait.isTrue = false
    this.#wake(wait)
  }

  /** It has to hold the lock before it can go on. */
  override cancel(wait: Wait): void {
    if (wait.list !== this.#waits) return
    wait.outcome = 'canceled'
    this.#wake(wait)
  }

  lose(client: Client): void {
    this.#lock.lose(client)
  }

  /** Also when its lock has been deleted: nobody could wake those who wait. */
  clear(): void {
    this.endAll(this.#waits, 'deleted')
    this.#lock.conditions.delete(this)
    if (this.#isOwn) this.#lock.clear()
  }

  #wait(ask: Ask): void {
    if (!this.#lock.isHeldBy(ask)) {
      this.state.answer(ask, 'notHeld')
      return
    }
    const wait = this.state.wait(ask, this, this.#waits)
    if (wait === undefined) return
    wait.amount = this.#lock.free()
  }

  #notify(ask: Ask): void {
    if (!this.#lock.isHeldBy(ask)) {
      this.state.answer(ask, 'notHeld')
      return
    }
    const most = ask.call.args[0] === null ? Infinity : (integerOf(ask.call, 0) ?? 1)
    for (let count = 0; count < most && this.#waits.first !== undefined; count++) {
      this.#wake(this.#waits.first)
    }
    this.state.answer(ask, 'ok')
  }

  #wake(wait: Wait): void {
    this.#lock.regain(wait)
  }
}
