/**
 * Semaphores. Each acquisition has a number, by which it can be released; what a lost client has
 * acquired comes back.
 *
 *     acquire []                  → ok [true, number], or [false] when it took too long
 *     release [number or null, n] → ok; notHeld if that number is not held, or, of a bounded one, if
 *                                   it is released more often than it was acquired
 *     state                       → ok [value]
 */
import { HOLDS_MAX } from '../../limits.ts'
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'

export class Semaphore extends BaseObject {
  readonly kind: 'semaphore' | 'boundedSemaphore'
  readonly #waits = new WaitList()
  readonly #bound: number
  #value: number
  readonly #held = new Map<Client, Set<number>>()
  #last = 0
  protected readonly ops = {
    acquire: (ask) => this.#acquire(ask),
    release: (ask) => {
      this.state.answer(ask, this.#release(ask) ? 'ok' : 'notHeld')
      this.#grant()
    },
    state: (ask) => this.state.answer(ask, 'ok', [this.#value])
  } satisfies Ops

  constructor(
    state: ManagerState,
    kind: 'semaphore' | 'boundedSemaphore',
    name: string,
    value: number
  ) {
    super(state, name)
    this.kind = kind
    this.#value = value
    this.#bound = kind === 'semaphore' ? Number.MAX_SAFE_INTEGER : value
  }

  lose(client: Client): void {
    const held = this.#held.get(client)?.size ?? 0
    this.#held.delete(client)
    // Others may have released some of it meanwhile.
    this.#value = Math.min(this.#bound, this.#value + held)
    this.#grant()
  }

  clear(): void {
    this.#held.clear()
    this.endAll(this.#waits, 'deleted')
  }

  #acquire(ask: Ask): void {
    if (this.#value > 0) {
      if ((this.#held.get(ask.client)?.size ?? 0) >= HOLDS_MAX) this.state.answer(ask, 'limit')
      else this.state.answer(ask, 'ok', [true, this.#take(ask.client)])
    } else if (ask.call.timeoutMs === 0) this.state.answer(ask, 'ok', [false])
    else this.state.wait(ask, this, this.#waits)
  }

  #take(client: Client): number {
    this.#value--
    const held = this.#held.get(client) ?? new Set<number>()
    this.#held.set(client, held.add(++this.#last))
    return this.#last
  }

  #release({ client, call }: Ask): boolean {
    const held = this.#held.get(client)
    const number = integerOf(call, 0)
    const count = number === undefined ? (integerOf(call, 1, 1) ?? 1) : 1
    if (this.#value + count > this.#bound) return false
    if (number === undefined) this.#forgetSome(held, count)
    else if (held?.delete(number) !== true) return false
    if (held?.size === 0) this.#held.delete(client)
    this.#value += count
    return true
  }

  #forgetSome(held: Set<number> | undefined, count: number): void {
    let left = count
    for (const number of held ?? []) {
      if (left-- === 0) return
      held?.delete(number)
    }
  }

  #grant(): void {
    for (let wait = this.#waits.first; wait && this.#value > 0; wait = this.#waits.first) {
      this.state.end(wait, 'ok', [true, this.#take(wait.client)])
    }
  }
}
