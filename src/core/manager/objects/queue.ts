/**
 * Queues, first in, first out, for items and for those who wait.
 *
 *     put [] + items        → ok once all are in; full [how many are] when it took too long
 *     get [most, isLease]   → ok [number...] + items, at least one; empty when it took too long
 *     ack [number...]       → ok; notHeld if one is not on lease to the caller
 *     giveBack [number...]  → the same; they are the first in the queue again
 *     taskDone              → ok; notHeld if that was said more often than there were items
 *     join                  → ok once taskDone (or ack) was said of every item
 *     state                 → ok [size, maxsize, unfinished]
 *
 * Numbers of items are told for leases only. What is on lease to a client that is lost comes back.
 */
import { CALL_VALUES_MAX, FRAME_BYTES_TARGET } from '../../limits.ts'
import { Heap } from '../../heap.ts'
import { Queue } from '../../queue.ts'
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Row } from '../ledger.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'

interface Item {
  /** Grows with every put. */
  readonly number: number
  readonly value: Uint8Array
  /** Of a durable manager, while it is on lease: the row that says so. */
  leaseRow?: number | undefined
}

/** What a queue was, of a durable manager that was started anew. */
interface SavedQueue {
  readonly row: number
  readonly unfinished: number
}

const ITEM_OVERHEAD_BYTES = 64

export class SharedQueue extends BaseObject {
  readonly kind: 'queue' | 'joinableQueue'
  readonly #maxsize: number
  #items = new Queue<Item>()
  /** Items that came back; they go first, in their order. */
  readonly #returned = new Heap<Item>((a, b) => a.number < b.number)
  readonly #leased = new Map<Client, Map<number, Item>>()
  readonly #putters = new WaitList()
  readonly #getters = new WaitList()
  readonly #joiners = new WaitList()
  #lastNumber = 0
  #unfinished = 0
  /** Of a durable manager; 0: none. */
  readonly row: number
  /** Items while it is rebuilt. */
  readonly #saved = new Map<number, Item>()
  protected readonly ops = {
    put: (ask) => this.#put(ask),
    get: (ask) => this.#get(ask),
    ack: (ask) => this.#ack(ask),
    giveBack: (ask) => this.#giveBack(ask),
    taskDone: (ask) => this.state.answer(ask, this.#finish(1) ? 'ok' : 'notHeld'),
    join: (ask) => {
      if (this.#unfinished === 0) this.state.answer(ask, 'ok')
      else if (ask.call.timeoutMs === 0) this.state.answer(ask, 'canceled')
      else this.state.wait(ask, this, this.#joiners)
    },
    state: (ask) => this.state.answer(ask, 'ok', [this.size, this.#maxsize, this.#unfinished])
  } satisfies Ops

  /** `maxsize` 0: as many as there is memory for. */
  constructor(
    state: ManagerState,
    kind: 'queue' | 'joinableQueue',
    name: string,
    maxsize: number,
    saved?: SavedQueue
  ) {
    super(state, name)
    this.kind = kind
    this.#maxsize = maxsize
    this.#unfinished = saved?.unfinished ?? 0
    this.row = saved?.row ?? state.ledger?.add(this.#toRow()) ?? 0
  }

  get size(): number {
    return this.#items.size + this.#returned.size
  }

  override expire(wait: Wait): void {
    if (wait.list === this.#putters) this.#endPut(wait, 'full')
    else this.state.end(wait, wait.list === this.#getters ? 'empty' : 'canceled')
  }

  override cancel(wait: Wait): void {
    if (wait.list === this.#putters) this.#endPut(wait, 'canceled')
    else this.state.end(wait, 'canceled')
  }

  drop(wait: Wait): void {
    this.#releaseValues(wait)
  }

  lose(client: Client): void {
    const leased = this.#leased.get(client)
    this.#leased.delete(client)
    for (const item of leased?.values() ?? []) this.#return(item)
    this.#serve()
  }

  /** What it waits for may be there already. */
  welcome(): void {
    this.#serve()
    this.#fill()
  }

  clear(): void {
    for (const wait of this.#putters) this.#endPut(wait, 'deleted')
    this.endAll(this.#getters, 'deleted')
    this.endAll(this.#joiners, 'deleted')
    for (let item = this.#take(); item !== undefined; item = this.#take()) this.#forget(item)
    for (const leased of this.#leased.values()) {
      for (const item of leased.values()) {
        this.#endLease(item)
        this.#forget(item)
      }
    }
    this.#leased.clear()
    this.state.ledger?.remove(this.row)
  }

  // --- on disk

  #toRow(): Row {
    const { kind, name } = this
    const [maxsize, unfinished] = [this.#maxsize, this.#unfinished]
    return { type: 'queue', kind, name, maxsize, unfinished }
  }

  /** Takes an item back from the disk; in their order, before `restored`. */
  restoreItem(number: number, value: Uint8Array): void {
    this.#saved.set(number, { number, value })
    this.state.bytes += value.length + ITEM_OVERHEAD_BYTES
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
    for (const item of this.#saved.values()) this.#items.push(item)
    this.#saved.clear()
  }

  // --- putting

  #put(ask: Ask): void {
    const { values, timeoutMs } = ask.call
    let done = ask.done ?? 0
    // Where there is room, nobody waits for it; and who waits for items gets all that came, not one.
    for (let before = -1; done > before;) {
      before = done
      while (done < values.length && this.#hasRoom) this.#add(values[done++] as Uint8Array)
      this.#serve()
    }
    if (done === values.length) this.state.answer(ask, 'ok', [done])
    else if (timeoutMs === 0) this.state.answer(ask, 'full', [done])
    else this.#waitToPut(ask, done)
  }

  #waitToPut(ask: Ask, done: number): void {
    const wait = this.state.wait(ask, this, this.#putters)
    if (wait === undefined) return
    wait.values = ask.call.values
    this.#progress(wait, done)
    for (let at = done; at < wait.values.length; at++) {
      this.state.bytes += wait.values[at]?.length ?? 0
    }
  }

  #progress(wait: Wait, done: number): void {
    wait.done = done
    const { ledger } = this.state
    if (ledger === undefined || done === 0) return
    const row = { type: 'progress', wait: wait.row, done } as const
    if (wait.progressRow === 0) wait.progressRow = ledger.add(row)
    else ledger.set(wait.progressRow, row)
  }

  get #hasRoom(): boolean {
    return this.#maxsize === 0 || this.size < this.#maxsize
  }

  #add(value: Uint8Array): void {
    const number = this.state.ledger?.add({ type: 'item', queue: this.row, value })
    const item = { number: number ?? ++this.#lastNumber, value }
    this.#count(1)
    this.state.bytes += value.length + ITEM_OVERHEAD_BYTES
    this.#items.push(item)
  }

  /** Ends a put that waits, and drops what it has not put. */
  #endPut(wait: Wait, status: 'ok' | 'full' | 'canceled' | 'deleted'): void {
    this.#releaseValues(wait)
    this.state.end(wait, status, [wait.done])
  }

  #releaseValues(wait: Wait): void {
    for (let at = wait.done; at < wait.values.length; at++) {
      this.state.bytes -= wait.values[at]?.length ?? 0
    }
    wait.values = []
  }

  /** There may be room for those who wait to put. */
  #fill(): void {
    for (let wait = this.#putters.first; wait && this.#hasRoom; wait = this.#putters.first) {
      const value = wait.values[wait.done] as Uint8Array
      this.#progress(wait, wait.done + 1)
      this.state.bytes -= value.length
      const isLast = wait.done === wait.values.length
      if (isLast) this.#endPut(wait, 'ok')
      this.#add(value)
      this.#serve()
    }
  }

  // --- taking

  #get(ask: Ask): void {
    const most = Math.min(integerOf(ask.call, 0, 1) ?? 1, CALL_VALUES_MAX)
    const isLease = ask.call.args[1] === true
    if (this.size > 0 && isThere(ask.client)) {
      this.#deliver(ask, most, isLease)
      this.#fill()
      return
    }
    if (ask.call.timeoutMs === 0) {
      this.state.answer(ask, 'empty')
      return
    }
    const wait = this.state.wait(ask, this, this.#getters)
    if (wait === undefined) return
    wait.amount = most
    wait.isMarked = isLease
  }

  /**
   * The first that waits and is connected: who has died without a word would take an item with it.
   * Those who are cut off keep their place.
   */
  #nextGetter(): Wait | undefined {
    for (const wait of this.#getters) if (isThere(wait.client)) return wait
    return undefined
  }

  /** Gives the first that waits what is there. */
  #hand(getter: Wait): void {
    this.state.forget(getter)
    this.#deliver(getter, getter.amount, getter.isMarked)
  }

  #deliver(to: Pick<Ask, 'client' | 'request'>, most: number, isLease: boolean): void {
    const values: Uint8Array[] = []
    const numbers: number[] = []
    let bytes = 0
    // As many as fit into a frame, so that nobody has to wait for a large part of the queue.
    while (values.length < most && bytes < FRAME_BYTES_TARGET) {
      const item = this.#take()
      if (item === undefined) break
      values.push(item.value)
      bytes += item.value.length
      if (isLease) {
        numbers.push(item.number)
        this.#lease(to.client, item)
      } else this.#forget(item)
    }
    this.state.answer(to, 'ok', numbers, values)
  }

  #take(): Item | undefined {
    return this.#returned.size > 0 ? this.#returned.pop() : this.#items.shift()
  }

  #forget({ number, value }: Item): void {
    this.state.ledger?.remove(number)
    this.state.bytes -= value.length + ITEM_OVERHEAD_BYTES
  }

  #lease(client: Client, item: Item): void {
    item.leaseRow = this.state.ledger?.add({
      type: 'lease',
      client: client.row,
      item: item.number
    })
    this.#hold(client, item)
  }

  #hold(client: Client, item: Item): void {
    let leased = this.#leased.get(client)
    if (leased === undefined) this.#leased.set(client, (leased = new Map<number, Item>()))
    leased.set(item.number, item)
  }

  #return(item: Item): void {
    this.#endLease(item)
    this.#returned.push(item)
  }

  #endLease(item: Item): void {
    if (item.leaseRow !== undefined) this.state.ledger?.remove(item.leaseRow)
    item.leaseRow = undefined
  }

  #serve(): void {
    while (this.size > 0) {
      const getter = this.#nextGetter()
      if (getter === undefined) return
      this.#hand(getter)
    }
  }

  // --- what was taken on lease

  #ack(ask: Ask): void {
    const items = this.#unlease(ask)
    if (items === undefined) return
    for (const item of items) {
      this.#endLease(item)
      this.#forget(item)
    }
    if (this.kind === 'joinableQueue') this.#finish(items.length)
    this.state.answer(ask, 'ok')
  }

  #giveBack(ask: Ask): void {
    const items = this.#unlease(ask)
    if (items === undefined) return
    for (const item of items) this.#return(item)
    this.state.answer(ask, 'ok')
    this.#serve()
  }

  /** Takes these items off their lease; answers and returns undefined if one is not the caller's. */
  #unlease(ask: Ask): Item[] | undefined {
    const leased = this.#leased.get(ask.client)
    const items = new Map<number, Item>()
    for (const number of ask.call.args) {
      const item = typeof number === 'number' ? leased?.get(number) : undefined
      if (item !== undefined) items.set(item.number, item)
    }
    if (leased === undefined || items.size !== ask.call.args.length) {
      this.state.answer(ask, 'notHeld')
      return undefined
    }
    for (const number of items.keys()) leased.delete(number)
    if (leased.size === 0) this.#leased.delete(ask.client)
    return [...items.values()]
  }

  #count(more: number): void {
    this.#unfinished += more
    // Nobody asks this of a queue of the other kind.
    if (this.kind === 'joinableQueue') this.state.ledger?.set(this.row, this.#toRow())
  }

  /** So many items have been dealt with. */
  #finish(count: number): boolean {
    if (this.kind !== 'joinableQueue' || this.#unfinished < count) return false
    this.#count(-count)
    if (this.#unfinished > 0) return true
    for (const wait of this.#joiners) this.state.end(wait, 'ok')
    return true
  }
}

function isThere({ session }: Client): boolean {
  return session !== undefined
}
