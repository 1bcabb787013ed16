/**
 * Lists. Places below zero count from the end.
 *
 *     splice [start or null, removed] + values → ok [length] + the removed ones. null: at the end
 *     splice [place, 1, true]    → the same, if there is an item at that place; else nothing is removed
 *     slice [start, end or null] → ok [length] + values; limit if they are too many for one answer
 *     set [place] + value        → ok; notFound
 *     find [from] + value        → ok [place], -1 if it is not there from that place on
 *     reverse, clear             → ok
 *     state                      → ok [length]
 */
import { CALL_VALUES_MAX, SNAPSHOT_BYTES_MAX } from '../../limits.ts'
import { KEPT_OVERHEAD_BYTES } from '../calls.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf } from '../state.ts'

export class List extends BaseObject {
  readonly kind = 'list'
  #values: Uint8Array[] = []
  protected readonly ops = {
    splice: (ask) => this.#splice(ask),
    slice: (ask) => this.#slice(ask),
    set: (ask) => this.#set(ask),
    find: (ask) => this.#find(ask),
    reverse: (ask) => {
      this.#values.reverse()
      this.state.answer(ask, 'ok')
    },
    clear: (ask) => {
      this.clear()
      this.state.answer(ask, 'ok')
    },
    state: (ask) => this.state.answer(ask, 'ok', [this.#values.length])
  } satisfies Ops

  clear(): void {
    this.#count(this.#values, -1)
    this.#values = []
  }

  #splice(ask: Ask): void {
    const { call } = ask
    const start = call.args[0] === null ? this.#values.length : placeOf(call.args[0])
    const { length } = this.#values
    if (start === undefined) {
      this.state.answer(ask, 'badCall')
      return
    }
    const isMissing = call.args[2] === true && start < -length
    const removed = isMissing ? 0 : (integerOf(call, 1) ?? 0)
    const at = start < 0 ? Math.max(0, length + start) : Math.min(start, length)
    if (!fits(this.#values.slice(at, at + removed))) {
      this.state.answer(ask, 'limit')
      return
    }
    const gone = this.#values.splice(at, removed)
    const tail = this.#values.splice(at)
    // One by one: arguments of a call are on the stack.
    for (const values of [call.values, tail]) for (const value of values) this.#values.push(value)
    this.#count(gone, -1)
    this.#count(call.values, 1)
    this.state.answer(ask, 'ok', [this.#values.length], gone)
  }

  #slice(ask: Ask): void {
    const start = placeOf(ask.call.args[0]) ?? 0
    const values = this.#values.slice(start, placeOf(ask.call.args[1]))
    if (fits(values)) this.state.answer(ask, 'ok', [this.#values.length], values)
    else this.state.answer(ask, 'limit')
  }

  #set(ask: Ask): void {
    const [value] = ask.call.values
    const asked = placeOf(ask.call.args[0])
    const place = asked !== undefined && asked < 0 ? this.#values.length + asked : asked
    const before = place === undefined ? undefined : this.#values[place]
    if (place === undefined || value === undefined || before === undefined) {
      this.state.answer(ask, 'notFound')
      return
    }
    this.#count([before], -1)
    this.#count([value], 1)
    this.#values[place] = value
    this.state.answer(ask, 'ok')
  }

  #find(ask: Ask): void {
    const [wanted = new Uint8Array(0)] = ask.call.values
    const asked = placeOf(ask.call.args[0]) ?? 0
    const from = asked < 0 ? this.#values.length + asked : asked
    const place = this.#values.findIndex((value, at) => at >= from && isSame(value, wanted))
    this.state.answer(ask, 'ok', [place])
  }

  #count(values: readonly Uint8Array[], sign: 1 | -1): void {
    for (const value of values) this.state.bytes += sign * (value.length + KEPT_OVERHEAD_BYTES)
  }
}

function placeOf(arg: unknown): number | undefined {
  return typeof arg === 'number' && Number.isSafeInteger(arg) ? arg : undefined
}

/** They can be told in one answer. */
function fits(values: readonly Uint8Array[]): boolean {
  let bytes = 0
  for (const value of values) bytes += value.length
  return values.length <= CALL_VALUES_MAX && bytes <= SNAPSHOT_BYTES_MAX
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
