/**
 * What a durable manager writes down: rows, each under a number that is higher than all before.
 *
 * A row refers to others by their numbers, which are lower: so rows in their order are all that a
 * manager is rebuilt from (`restore.ts`). Changes of one event are written together; what comes and
 * goes within it is not written at all.
 */
import type { NodeId } from '../types.ts'
import type { Answer, Call } from './calls.ts'

export type Row =
  | {
      readonly type: 'queue'
      readonly kind: 'queue' | 'joinableQueue'
      readonly name: string
      readonly maxsize: number
      readonly unfinished: number
    }
  /** The number of its row is that of the item. */
  | { readonly type: 'item'; readonly queue: number; readonly value: Uint8Array }
  | {
      readonly type: 'client'
      readonly key: string
      readonly peer: NodeId
      readonly name: string
      /** Calls of it that were carried out, and answers to it that came about. */
      readonly received: number
      readonly answered: number
    }
  /** What a client calls by a number; `queue` 0: an object that is not kept. */
  | {
      readonly type: 'handle'
      readonly client: number
      readonly handle: number
      readonly owner: number
      readonly queue: number
    }
  | { readonly type: 'lease'; readonly client: number; readonly item: number }
  /** A call that waits, and how much of it is done. */
  | {
      readonly type: 'wait'
      readonly client: number
      readonly request: number
      readonly call: Call
    }
  | { readonly type: 'progress'; readonly wait: number; readonly done: number }
  /** An answer that its client has not confirmed. */
  | { readonly type: 'answer'; readonly client: number; readonly answer: Answer }

/** `value` undefined: the row is not needed any more. */
export interface Change {
  readonly row: number
  readonly value: Row | undefined
}

export class Ledger {
  #last = 0
  /** The last row of the events before. */
  #lastTaken = 0
  readonly #changes = new Map<number, Row | undefined>()
  #isDue = false

  /** Goes on behind a row that there was before. */
  goOnBehind(row: number): void {
    this.#last = Math.max(this.#last, row)
    this.#lastTaken = this.#last
  }

  /** A new row; returns its number. */
  add(value: Row): number {
    const row = ++this.#last
    this.set(row, value)
    return row
  }

  set(row: number, value: Row): void {
    this.#changes.set(row, value)
    this.#isDue = true
  }

  remove(row: number): void {
    this.#isDue = true
    this.removeLater(row)
  }

  /** With what is written next: it does no harm until then. */
  removeLater(row: number): void {
    if (row > this.#lastTaken) this.#changes.delete(row)
    else this.#changes.set(row, undefined)
  }

  /** What has to be written before anybody may hear of it. */
  take(): Change[] {
    if (!this.#isDue) return []
    const changes = Array.from(this.#changes, ([row, value]) => ({ row, value }))
    this.#changes.clear()
    this.#isDue = false
    this.#lastTaken = this.#last
    return changes
  }
}
