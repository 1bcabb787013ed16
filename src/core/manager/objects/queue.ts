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
import type { Client } from '../client-view.ts'
import { BaseObject } from '../base-object.ts'
import type { Ops } from '../base-object.ts'
import type { Row } from '../ledger.ts'
import type { Ask } from '../shared-object.ts'
import { integerOf } from '../state.ts'
import type { ManagerState } from '../state.ts'
import { WaitList } from '../waits.ts'
import type { Wait } from '../waits.ts'
import { QueueItems } from './queue-items.ts'

/** What a queue was, of a durable manager that was started anew. */
interface SavedQueue {
  readonly row: number
  readonly unfinished: number
}

export class SharedQueue extends BaseObject {
  readonly kind: 'queue' | 'joinableQueue'
  readonly #maxsize: number
  /** For who rebuilds it. */
  readonly items: QueueItems
  readonly #putters = new WaitList()
  readonly #getters = new WaitList()
  readonly #joiners = new WaitList()
  #unfinished = 0
  /** Of a durable manager; 0: none. */
  readonly row: number
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
    this.items = new QueueItems(state)
    this.#maxsize = maxsize
    this.#unfinished = saved?.unfinished ?? 0
    this.row = saved?.row ?? state.ledger?.add(this.#toRow()) ?? 0
  }

  get size(): number {
    return this.items.size
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
    this.items.lose(client)
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
    this.items.clear()
    this.state.ledger?.remove(this.row)
  }

  /** What stands for it on disk. */
  #toRow(): Row {
    const { kind, name } = this
    const [maxsize, unfinished] = [this.#maxsize, this.#unfinished]
    return { type: 'queue', kind, name, maxsize, unfinished }
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
    this.items.add(value, this.row)
    this.#count(1)
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
    if (this.size > 0 && ask.client.canBeServed) {
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
   * The first that waits and can be served. Others keep their place: who has died without a word
   * would take an item with it, and who does not read would take all there are.
   */
  #nextGetter(): Wait | undefined {
    for (const wait of this.#getters) if (wait.client.canBeServed) return wait
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
      const item = this.items.take()
      if (item === undefined) break
      values.push(item.value)
      bytes += item.value.length
      if (isLease) {
        numbers.push(item.number)
        this.items.lease(to.client, item)
      } else this.items.forget(item)
    }
    this.state.answer(to, 'ok', numbers, values)
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
    const items = this.items.unlease(ask.client, ask.call.args)
    if (items === undefined) {
      this.state.answer(ask, 'notHeld')
      return
    }
    for (const item of items) this.items.forget(item)
    if (this.kind === 'joinableQueue') this.#finish(items.length)
    this.state.answer(ask, 'ok')
  }

  #giveBack(ask: Ask): void {
    const items = this.items.unlease(ask.client, ask.call.args)
    if (items === undefined) {
      this.state.answer(ask, 'notHeld')
      return
    }
    this.items.giveBack(items)
    this.state.answer(ask, 'ok')
    this.#serve()
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
