/**
 * Values: one each, with a number that grows with every change.
 *
 *     get                      → ok [version] + value
 *     set [version or null] + value → ok [version]; conflict [version] + value if it is another one
 */
import type { Ask, SharedObject } from '../shared-object.ts'
import type { ManagerState } from '../state.ts'

export class Value implements SharedObject {
  readonly kind = 'value'
  readonly name: string
  isDeleted = false
  readonly #state: ManagerState
  #value: Uint8Array
  #version = 1

  constructor(state: ManagerState, name: string, value: Uint8Array) {
    this.#state = state
    this.name = name
    this.#value = value
    state.bytes += value.length
  }

  handle(ask: Ask): void {
    const { op, args, values } = ask.call
    const [value] = values
    if (op === 'get') {
      this.#state.answer(ask, 'ok', [this.#version], [this.#value])
      return
    }
    if (op !== 'set' || value === undefined) {
      this.#state.answer(ask, 'badCall')
      return
    }
    const expected = args[0] ?? null
    if (expected !== null && expected !== this.#version) {
      this.#state.answer(ask, 'conflict', [this.#version], [this.#value])
      return
    }
    this.#state.bytes += value.length - this.#value.length
    this.#value = value
    this.#state.answer(ask, 'ok', [++this.#version])
  }

  /** Nothing of a value waits. */
  expire(): void {
    return undefined
  }

  cancel(): void {
    return undefined
  }

  drop(): void {
    return undefined
  }

  lose(): void {
    return undefined
  }

  clear(): void {
    this.#state.bytes -= this.#value.length
  }
}
