/**
 * Barriers. Whoever gives up waiting, or is lost while it waits, breaks the barrier for all.
 *
 *     arrive [hasAction]    → ok [place, false] once all are there; broken
 *                             ok [place, true, action] for the one that is to carry out its action now
 *     acted [isFine, action] → ok; broken. The others wait for it
 *     abort, reset          → ok
 *     state                 → ok [parties, waiting, isBroken]
 */
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

export class Barrier extends BaseObject {
  readonly kind = 'barrier'
  readonly #parties: number
  readonly #waits = new WaitList()
  /** Those that came when all were there: for the next time. */
  readonly #late = new WaitList()
  #isBroken = false
  #actor: { client: Client; place: number; action: number } | undefined
  #actions = 0
  protected readonly ops = {
    arrive: (ask) => this.#arrive(ask),
    acted: (ask) => this.#acted(ask),
    abort: (ask) => {
      this.#break()
      this.state.answer(ask, 'ok')
    },
    reset: (ask) => {
      this.#break()
      this.#isBroken = false
      this.state.answer(ask, 'ok')
    },
    state: (ask) => {
      this.state.answer(ask, 'ok', [this.#parties, this.#waits.size, this.#isBroken])
    }
  } satisfies Ops

  constructor(state: ManagerState, name: string, parties: number) {
    super(state, name)
    this.#parties = parties
  }

  override expire(): void {
    this.#break()
  }

  override cancel(wait: Wait): void {
    this.state.end(wait, 'canceled')
    this.#break()
  }

  drop(): void {
    this.#break()
  }

  lose(client: Client): void {
    if (this.#actor?.client === client) this.#break()
  }

  clear(): void {
    this.#endWaits('deleted')
  }

  #arrive(ask: Ask): void {
    if (this.#isBroken) {
      this.state.answer(ask, 'broken')
      return
    }
    const wait = this.state.wait(ask, this, this.#late)
    if (wait === undefined) return
    wait.isMarked = ask.call.args[0] === true
    this.#settle()
  }

  /** Lets through whom it can, until it needs others, or an action. */
  #settle(): void {
    while (this.#actor === undefined) {
      for (let wait = this.#late.first; wait !== undefined; wait = this.#late.first) {
        if (this.#waits.size === this.#parties) break
        this.#late.remove(wait)
        this.#waits.push(wait)
      }
      if (this.#waits.size < this.#parties) return
      if (!this.#callActor()) this.#pass()
    }
  }

  /** Gives the action to the one that came last, or else to the first that brought one. */
  #callActor(): boolean {
    const { last } = this.#waits
    const actor = last?.isMarked === true ? last : [...this.#waits].find(({ isMarked }) => isMarked)
    if (actor === undefined) return false
    const place = [...this.#waits].indexOf(actor)
    const action = ++this.#actions
    this.#actor = { client: actor.client, place, action }
    this.state.end(actor, 'ok', [place, true, action])
    return true
  }

  #acted(ask: Ask): void {
    // It may be that of a time that was broken, or reset, meanwhile.
    if (this.#actor?.client !== ask.client || this.#actor.action !== ask.call.args[1]) {
      this.state.answer(ask, 'broken')
      return
    }
    if (ask.call.args[0] !== true) {
      this.#break()
      this.state.answer(ask, 'broken')
      return
    }
    this.state.answer(ask, 'ok')
    this.#pass()
    this.#settle()
  }

  #pass(): void {
    let place = 0
    for (const wait of this.#waits) {
      if (place === this.#actor?.place) place++
      this.state.end(wait, 'ok', [place++, false])
    }
    this.#actor = undefined
  }

  #break(): void {
    this.#isBroken = true
    this.#actor = undefined
    this.#endWaits('broken')
  }

  #endWaits(status: 'broken' | 'deleted'): void {
    this.endAll(this.#waits, status)
    this.endAll(this.#late, status)
  }
}
