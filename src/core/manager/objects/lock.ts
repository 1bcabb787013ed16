/**
 * Locks. Who holds one is a handle of a client; each time it is taken, the fence is a higher number.
 *
 *     acquire []              → ok [true, fence], or [false] when it took too long
 *     release [fence or null] → ok; notHeld if nobody holds it, or not by that fence
 *     state                   → ok [isLocked, fence]
 *
 * A Lock without a fence named can be released by anybody, as in Python; an RLock only by its holder.
 */
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask, SharedObject } from '../shared-object.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

interface Holder {
  readonly client: Client
  readonly owner: number
  /** How often it was acquired. */
  depth: number
}

export class Lock extends BaseObject {
  readonly kind: 'lock' | 'rlock'
  readonly #waits = new WaitList()
  /** Those that use it: they end with it. */
  readonly conditions = new Set<SharedObject>()
  #holder: Holder | undefined
  #fence = 0
  protected readonly ops = {
    acquire: (ask) => this.#acquire(ask),
    release: (ask) => this.#release(ask),
    state: (ask) => this.state.answer(ask, 'ok', [this.#holder !== undefined, this.#fence])
  } satisfies Ops

  constructor(state: ManagerState, kind: 'lock' | 'rlock', name: string) {
    super(state, name)
    this.kind = kind
  }

  isHeldBy({ client, owner }: Pick<Ask, 'client' | 'owner'>): boolean {
    return this.#holder?.client === client && this.#holder.owner === owner
  }

  /** Frees it altogether; returns how often it was held. */
  free(): number {
    const depth = this.#holder?.depth ?? 0
    this.#holder = undefined
    this.#grant()
    return depth
  }

  /** Lets a wait of a condition have it again, in its turn. */
  regain(wait: Wait): void {
    this.state.untime(wait)
    wait.list?.remove(wait)
    this.#waits.push(wait)
    this.#grant()
  }

  lose(client: Client): void {
    if (this.#holder?.client === client) this.free()
  }

  clear(): void {
    this.#holder = undefined
    this.endAll(this.#waits, 'deleted')
    for (const condition of this.conditions) condition.clear()
  }

  #acquire(ask: Ask): void {
    if (this.#holder === undefined) {
      this.#take(ask, 1)
    } else if (this.kind === 'rlock' && this.isHeldBy(ask)) {
      this.#holder.depth++
    } else {
      if (ask.call.timeoutMs === 0) this.state.answer(ask, 'ok', [false])
      else this.state.wait(ask, this, this.#waits)
      return
    }
    this.state.answer(ask, 'ok', [true, this.#fence])
  }

  #take({ client, owner }: Pick<Ask, 'client' | 'owner'>, depth: number): void {
    this.#fence++
    this.#holder = { client, owner, depth }
  }

  #release(ask: Ask): void {
    const fence = ask.call.args[0] ?? null
    const isWrong =
      (fence !== null && fence !== this.#fence) || (this.kind === 'rlock' && !this.isHeldBy(ask))
    if (this.#holder === undefined || isWrong) {
      this.state.answer(ask, 'notHeld')
      return
    }
    this.state.answer(ask, 'ok')
    if (--this.#holder.depth === 0) this.free()
  }

  #grant(): void {
    const wait = this.#waits.first
    if (wait === undefined || this.#holder !== undefined) return
    this.#take(wait, wait.amount)
    this.state.end(wait, wait.outcome, [wait.isTrue, this.#fence])
  }
}
