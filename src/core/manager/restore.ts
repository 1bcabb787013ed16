/**
 * Rebuilds a durable manager from its rows, so that it goes on as if it had not died.
 *
 * Queues are as they were, with their items and who has them on lease. Clients are given time to
 * come back; what they were answered and have not confirmed is sent again, and what waited waits
 * again, each in its place. What was no queue is gone: who waited for it is told so.
 */
import { MANAGER_AWAY_MS } from '../limits.ts'
import type { Millis } from '../types.ts'
import type { Call } from './calls.ts'
import { Client } from './client-view.ts'
import type { Ledger, Row } from './ledger.ts'
import { Gone } from './objects/gone.ts'
import { SharedQueue } from './objects/queue.ts'
import type { ManagerState } from './state.ts'

export interface SavedRow {
  readonly row: number
  readonly value: Row
}

interface SavedWait {
  readonly row: number
  readonly client: Client
  readonly request: number
  readonly call: Call
  progress: { readonly row: number; readonly done: number } | undefined
}

export class Restoring {
  readonly #state: ManagerState
  readonly #ledger: Ledger
  readonly #expiresAt: Millis
  readonly #clients = new Map<number, Client>()
  readonly #answered = new Map<Client, number>()
  readonly #queues = new Map<number, SharedQueue>()
  /** Whose item it is. */
  readonly #items = new Map<number, SharedQueue>()
  readonly #waits = new Map<number, SavedWait>()

  constructor(state: ManagerState, ledger: Ledger, now: Millis) {
    this.#state = state
    this.#ledger = ledger
    state.now = now
    // Who has been looking for the manager meanwhile does so for this long.
    this.#expiresAt = now + Math.max(state.config.leaseMs, MANAGER_AWAY_MS)
  }

  /** Takes rows, in their order. Throws for what no manager wrote. */
  add(rows: readonly SavedRow[]): void {
    for (const { row, value } of rows) this.#take(row, value)
  }

  /** All rows have come; the last that there ever was had this number. */
  finish(lastRow: number): void {
    const state = this.#state
    this.#ledger.goOnBehind(lastRow)
    for (const [client, answered] of this.#answered) {
      client.confirmed = answered - client.kept.size
    }
    for (const { items } of this.#queues.values()) items.restored()
    for (const wait of this.#waits.values()) this.#waitAgain(wait)
    for (const client of this.#clients.values()) {
      state.deadlines.push({ at: client.expiresAt, client })
    }
  }

  #take(row: number, value: Row): void {
    const state = this.#state
    switch (value.type) {
      case 'queue': {
        const { kind, name, maxsize } = value
        const queue = new SharedQueue(state, kind, name, maxsize, { row, ...value })
        this.#queues.set(row, queue)
        state.objects.set(name, queue)
        return
      }
      case 'item': {
        const queue = known(this.#queues, value.queue)
        this.#items.set(row, queue)
        queue.items.restore(row, value.value)
        return
      }
      case 'client':
        this.#takeClient(row, value)
        return
      case 'handle': {
        const { handle, owner } = value
        const client = known(this.#clients, value.client)
        const object = this.#queues.get(value.queue) ?? new Gone(state, '')
        client.handles.set(handle, { object, owner, row })
        client.objects.add(object)
        return
      }
      case 'lease': {
        const client = known(this.#clients, value.client)
        known(this.#items, value.item).items.restoreLease(value.item, client, row)
        return
      }
      case 'wait': {
        const { request, call } = value
        const client = known(this.#clients, value.client)
        this.#waits.set(row, { row, client, request, call, progress: undefined })
        return
      }
      case 'progress':
        known(this.#waits, value.wait).progress = { row, done: value.done }
        return
      case 'answer': {
        const client = known(this.#clients, value.client)
        state.bytes += client.keep(value.answer, row)
      }
    }
  }

  #takeClient(row: number, { key, peer, name, received, answered }: RowOf<'client'>): void {
    const client = new Client(key, peer, name)
    client.row = row
    client.received = received
    client.expiresAt = this.#expiresAt
    this.#answered.set(client, answered)
    this.#clients.set(row, client)
    this.#state.clients.set(key, client)
  }

  /**
   * Whoever waited could not be served, and cannot be now: all come to wait again, in their order
   * and under new rows.
   */
  #waitAgain({ row, client, request, call, progress }: SavedWait): void {
    this.#ledger.removeLater(row)
    if (progress !== undefined) this.#ledger.removeLater(progress.row)
    const handle = client.handles.get(call.handle)
    const ask = { client, request, call, owner: handle?.owner ?? call.handle }
    if (handle === undefined || handle.object.isDeleted) this.#state.answer(ask, 'deleted')
    else handle.object.handle({ ...ask, done: progress?.done ?? 0 })
  }
}

type RowOf<Type extends Row['type']> = Extract<Row, { type: Type }>

function known<Value>(all: ReadonlyMap<number, Value>, row: number): Value {
  const value = all.get(row)
  if (value === undefined) throw new Error(`row ${row} is missing`)
  return value
}
