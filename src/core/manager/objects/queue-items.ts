/**
 * The items of a queue: those in it, in their order, and those on lease; of a durable manager, with
 * the rows that say so.
 */
import { Heap } from '../../heap.ts'
import { Queue } from '../../queue.ts'
import { KEPT_OVERHEAD_BYTES } from '../calls.ts'
import type { Arg } from '../calls.ts'
import type { Client } from '../client-view.ts'
import type { ManagerState } from '../state.ts'

export interface Item {
  /** Grows with every put. */
  readonly number: number
  readonly value: Uint8Array
  /** Of a durable manager, while it is on lease: the row that says so. */
  leaseRow?: number | undefined
}

export class QueueItems {
  readonly #state: ManagerState
  readonly #new = new Queue<Item>()
  /** Items that came back; they go first, in their order. */
  readonly #returned = new Heap<Item>((a, b) => a.number < b.number)
  readonly #leased = new Map<Client, Map<number, Item>>()
  #lastNumber = 0
  /** Items while the queue is rebuilt. */
  readonly #saved = new Map<number, Item>()

  constructor(state: ManagerState) {
    this.#state = state
  }

  /** How many are in the queue. */
  get size(): number {
    return this.#new.size + this.#returned.size
  }

  /** Puts one at the end; `queue` is the row of the queue. */
  add(value: Uint8Array, queue: number): void {
    const number = this.#state.ledger?.add({ type: 'item', queue, value })
    this.#new.push({ number: number ?? ++this.#lastNumber, value })
    this.#state.bytes += value.length + KEPT_OVERHEAD_BYTES
  }

  /** The first, which is not in the queue any more: it is to be forgotten, or put on lease. */
  take(): Item | undefined {
    return this.#returned.size > 0 ? this.#returned.pop() : this.#new.shift()
  }

  /** One that is not in the queue does not exist any more. */
  forget(item: Item): void {
    this.#endLease(item)
    this.#state.ledger?.remove(item.number)
    this.#state.bytes -= item.value.length + KEPT_OVERHEAD_BYTES
  }

  lease(client: Client, item: Item): void {
    const { ledger } = this.#state
    item.leaseRow = ledger?.add({ type: 'lease', client: client.row, item: item.number })
    this.#hold(client, item)
  }

  /** Takes these off their lease; undefined, and nothing is done, if one is not on lease to the client. */
  unlease(client: Client, numbers: readonly Arg[]): Item[] | undefined {
    const leased = this.#leased.get(client)
    const items = new Map<number, Item>()
    for (const number of numbers) {
      const item = typeof number === 'number' ? leased?.get(number) : undefined
      if (item !== undefined) items.set(item.number, item)
    }
    if (leased === undefined || items.size !== numbers.length) return undefined
    for (const number of items.keys()) leased.delete(number)
    if (leased.size === 0) this.#leased.delete(client)
    return [...items.values()]
  }

  /** They are off their lease, and among the first in the queue again. */
  giveBack(items: Iterable<Item>): void {
    for (const item of items) {
      this.#endLease(item)
      this.#returned.push(item)
    }
  }

  /** Gives back all that is on lease to this client. */
  lose(client: Client): void {
    const leased = this.#leased.get(client)
    this.#leased.delete(client)
    if (leased !== undefined) this.giveBack(leased.values())
  }

  clear(): void {
    for (let item = this.take(); item !== undefined; item = this.take()) this.forget(item)
    for (const leased of this.#leased.values()) {
      for (const item of leased.values()) this.forget(item)
    }
    this.#leased.clear()
  }

  // --- from disk

  /** Takes an item back; in their order, before `restored`. */
  restore(number: number, value: Uint8Array): void {
    this.#saved.set(number, { number, value })
    this.#state.bytes += value.length + KEPT_OVERHEAD_BYTES
  }

  /** One of these was on lease. */
  restoreLease(number: number, client: Client, row: number): void {
    const item = this.#saved.get(number)
    if (item === undefined) return
    this.#saved.delete(number)
    item.leaseRow = row
    this.#hold(client, item)
  }

  restored(): void {
    for (const item of this.#saved.values()) this.#new.push(item)
    this.#saved.clear()
  }

  #hold(client: Client, item: Item): void {
    let leased = this.#leased.get(client)
    if (leased === undefined) this.#leased.set(client, (leased = new Map<number, Item>()))
    leased.set(item.number, item)
  }

  #endLease(item: Item): void {
    if (item.leaseRow !== undefined) this.#state.ledger?.remove(item.leaseRow)
    item.leaseRow = undefined
  }
}
