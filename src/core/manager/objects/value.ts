/**
 * Values: one each, with a number that grows with every change.
 *
 *     get                      → ok [version] + value
 *     set [version or null] + value → ok [version]; conflict [version] + value if it is another one
 */
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import type { ManagerState } from '../state.ts'

export class Value extends BaseObject {
  readonly kind = 'value'
  #value: Uint8Array
  #version = 1
  protected readonly ops = {
    get: (ask) => this.state.answer(ask, 'ok', [this.#version], [this.#value]),
    set: (ask) => this.#set(ask)
  } satisfies Ops

  constructor(state: ManagerState, name: string, value: Uint8Array) {
    super(state, name)
    this.#value = value
    state.bytes += value.length
  }

  #set(ask: Ask): void {
    const { args, values } = ask.call
    const [value] = values
    if (value === undefined) {
      this.state.answer(ask, 'badCall')
      return
    }
    const expected = args[0] ?? null
    if (expected !== null && expected !== this.#version) {
      this.state.answer(ask, 'conflict', [this.#version], [this.#value])
      return
    }
    this.state.bytes += value.length - this.#value.length
    this.#value = value
    this.state.answer(ask, 'ok', [++this.#version])
  }

  clear(): void {
    this.state.bytes -= this.#value.length
  }
}
