/**
 * Objects that the manager's user registered: their methods run in the user's program.
 *
 *     invoke [method] + arguments → ok + what it returned; failed + what it threw
 */
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import { textOf } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

export class Custom extends BaseObject {
  readonly kind = 'custom'
  readonly #waits = new WaitList()
  protected readonly ops = {
    invoke: (ask) => this.#invoke(ask)
  } satisfies Ops

  #invoke(ask: Ask): void {
    const method = textOf(ask.call, 0)
    const [args] = ask.call.values
    if (method === undefined || args === undefined) {
      this.state.answer(ask, 'badCall')
      return
    }
    const wait = this.state.wait(ask, this, this.#waits)
    if (wait !== undefined) this.state.invoke(wait, method, args)
  }

  /** The method runs on, and nobody is told what it returns. */
  override expire(wait: Wait): void {
    this.state.end(wait, 'canceled')
  }

  clear(): void {
    this.endAll(this.#waits, 'deleted')
  }
}
