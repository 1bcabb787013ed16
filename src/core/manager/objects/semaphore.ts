/**
 * Semaphores. Each acquisition has a number, by which it can be released; what a lost client has
 * acquired comes back. A release that names none is that of the caller's oldest, or else of the
 * oldest of all: what somebody has released for another does not come back when that one is lost.
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
  /** What is held, and by whom, in the order in which it was acquired. */
  readonly #holders = new Map<number, Client>()
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
    for (const number of this.#held.get(client) ?? []) {
      this.#forget(number)
      this.#value++
    }
    this.#grant()
  }

  clear(): void {
    this.#held.clear()
    this.#holders.clear()
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
    const number = ++this.#last
    const held = this.#held.get(client) ?? new Set<number>()
    this.#held.set(client, held.add(number))
    this.#holders.set(number, client)
    return number
  }

  #release({ client, call }: Ask): boolean {
    const number = integerOf(call, 0)
    const count = number === undefined ? (integerOf(call, 1, 1) ?? 1) : 1
    if (this.#value + count > this.#bound) return false
    if (number === undefined) this.#forgetSome(client, count)
    else if (this.#holders.get(number) === client) this.#forget(number)
    else return false
    this.#value += count
    return true
  }

  #forgetSome(client: Client, count: number): void {
    for (let left = count; left > 0 && this.#holders.size > 0; left--) {
      const [own] = this.#held.get(client) ?? []
      const [oldest] = this.#holders.keys()
      this.#forget((own ?? oldest) as number)
    }
  }

  #forget(number: number): void {
    const client = this.#holders.get(number) as Client
    const held = this.#held.get(client)
    this.#holders.delete(number)
    held?.delete(number)
    if (held?.size === 0) this.#held.delete(client)
  }

  #grant(): void {
    for (let wait = this.#waits.first; wait && this.#value > 0; wait = this.#waits.first) {
      this.state.end(wait, 'ok', [true, this.#take(wait.client)])
    }
  }
}
