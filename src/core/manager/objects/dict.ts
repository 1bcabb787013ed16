/**
 * Dicts: values by keys, which are texts here, in the order in which the keys came.
 *
 *     get [key]             → ok + value; notFound
 *     set [onlyIfAbsent, key...] + values → ok [true]; ok [false] + the value that is there
 *     remove [key or null]  → ok [key] + value; notFound. null: the one that came last
 *     has [key]             → ok [isThere]
 *     entries [skip, most, withValues] → ok [key...] + values
 *     clear                 → ok
 *     state                 → ok [size]
 */
import { CALL_ARGS_MAX, FRAME_BYTES_TARGET, SNAPSHOT_BYTES_MAX } from '../../limits.ts'
import { sizeOf } from '../calls.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf, textOf } from '../state.ts'

interface Entry {
  readonly key: string
  value: Uint8Array
  /** Its neighbours in the order in which the keys came: the last one is found at once. */
  previous: Entry | undefined
  next: Entry | undefined
}

export class Dict extends BaseObject {
  readonly kind = 'dict'
  readonly #entries = new Map<string, Entry>()
  #last: Entry | undefined
  protected readonly ops = {
    get: (ask) => this.#get(ask, textOf(ask.call, 0)),
    set: (ask) => this.#set(ask),
    remove: (ask) => {
      const isLast = ask.call.args[0] === null
      this.#remove(ask, isLast ? this.#last?.key : textOf(ask.call, 0))
    },
    has: (ask) => this.state.answer(ask, 'ok', [this.#entries.has(textOf(ask.call, 0) ?? '')]),
    entries: (ask) => this.#list(ask),
    clear: (ask) => {
      this.clear()
      this.state.answer(ask, 'ok')
    },
    state: (ask) => this.state.answer(ask, 'ok', [this.#entries.size])
  } satisfies Ops

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.#delete(key)
  }

  #get(ask: Ask, key: string | undefined): void {
    const value = key === undefined ? undefined : this.#entries.get(key)?.value
    if (value === undefined) this.state.answer(ask, 'notFound')
    else this.state.answer(ask, 'ok', [], [value])
  }

  #set(ask: Ask): void {
    const [onlyIfAbsent, ...keys] = ask.call.args
    const { values } = ask.call
    if (keys.length !== values.length || !keys.every((key) => typeof key === 'string')) {
      this.state.answer(ask, 'badCall')
      return
    }
    const there = onlyIfAbsent === true ? this.#entries.get(keys[0] ?? '')?.value : undefined
    if (there !== undefined) {
      this.state.answer(ask, 'ok', [false], [there])
      return
    }
    keys.forEach((key, place) => this.#put(key, values[place] as Uint8Array))
    this.state.answer(ask, 'ok', [true])
  }

  /** A key that is there keeps its place. */
  #put(key: string, value: Uint8Array): void {
    this.state.bytes += sizeOf({ args: [key], values: [value] })
    const there = this.#entries.get(key)
    if (there !== undefined) {
      this.state.bytes -= sizeOf({ args: [key], values: [there.value] })
      there.value = value
      return
    }
    const entry: Entry = { key, value, previous: this.#last, next: undefined }
    if (this.#last !== undefined) this.#last.next = entry
    this.#last = entry
    this.#entries.set(key, entry)
  }

  #remove(ask: Ask, key: string | undefined): void {
    const value = key === undefined ? undefined : this.#delete(key)
    if (key === undefined || value === undefined) this.state.answer(ask, 'notFound')
    else this.state.answer(ask, 'ok', [key], [value])
  }

  #delete(key: string): Uint8Array | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const { value, previous, next } = entry
    this.#entries.delete(key)
    if (previous !== undefined) previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    this.state.bytes -= sizeOf({ args: [key], values: [value] })
    return value
  }

  /** At least one entry, if there is one behind those to be skipped, and no more than fit. */
  #list(ask: Ask): void {
    const skip = integerOf(ask.call, 0) ?? 0
    const most = integerOf(ask.call, 1, 1, CALL_ARGS_MAX) ?? CALL_ARGS_MAX
    const withValues = ask.call.args[2] !== false
    const keys: string[] = []
    const values: Uint8Array[] = []
    let bytes = 0
    let keyBytes = 0
    let place = 0
    for (const { key, value } of this.#entries.values()) {
      if (place++ < skip) continue
      const isFull = bytes > SNAPSHOT_BYTES_MAX || keyBytes > FRAME_BYTES_TARGET
      if (isFull || keys.length === most) break
      keys.push(key)
      keyBytes += key.length
      if (!withValues) continue
      values.push(value)
      bytes += value.length
    }
    this.state.answer(ask, 'ok', keys, values)
  }
}
