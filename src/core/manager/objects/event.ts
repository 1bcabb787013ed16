/**
 * Events.
 *
 *     set, clear → ok
 *     wait []    → ok [true] once it is set, [false] when it took too long
 *     state      → ok [isSet]
 */
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import { WaitList } from '../waits.ts'

export class Event extends BaseObject {
  readonly kind = 'event'
  readonly #waits = new WaitList()
  #isSet = false
  protected readonly ops = {
    set: (ask) => {
      this.#isSet = true
      this.state.answer(ask, 'ok')
      for (const wait of this.#waits) this.state.end(wait, 'ok', [true])
    },
    clear: (ask) => {
      this.#isSet = false
      this.state.answer(ask, 'ok')
    },
    wait: (ask) => {
      if (this.#isSet || ask.call.timeoutMs === 0) this.state.answer(ask, 'ok', [this.#isSet])
      else this.state.wait(ask, this, this.#waits)
    },
    state: (ask) => this.state.answer(ask, 'ok', [this.#isSet])
  } satisfies Ops

  clear(): void {
    this.endAll(this.#waits, 'deleted')
  }
}
