/**
 * Calls that wait for something, in the order in which they came.
 */
import type { Millis } from '../types.ts'
import type { Status } from './calls.ts'
import type { Client } from './client-view.ts'
import type { SharedObject } from './shared-object.ts'

/** A call that waits, from when it could not be answered at once until it is answered. */
export class Wait {
  readonly client: Client
  readonly request: number
  /** What holds, at its client, what it waits for. */
  readonly owner: number
  readonly object: SharedObject
  /** When it ends in vain; undefined: never. */
  until: Millis | undefined
  /** What it is answered when it has waited long enough. */
  outcome: Status = 'ok'
  isTrue = true
  /** How many items it takes, or how often it holds a lock. */
  amount = 1
  /** It takes items on lease, or brings an action. */
  isMarked = false
  /** What it has not put yet. */
  values: readonly Uint8Array[] = []
  done = 0
  /** Of a durable manager: its rows. */
  row = 0
  progressRow = 0

  list: WaitList | undefined
  previous: Wait | undefined
  next: Wait | undefined

  constructor(client: Client, request: number, owner: number, object: SharedObject) {
    this.client = client
    this.request = request
    this.owner = owner
    this.object = object
  }
}

/** First in, first out, and any of them can leave: all in constant time. */
export class WaitList {
  #first: Wait | undefined
  #last: Wait | undefined
  size = 0

  get first(): Wait | undefined {
    return this.#first
  }

  get last(): Wait | undefined {
    return this.#last
  }

  push(wait: Wait): void {
    wait.list = this
    wait.previous = this.#last
    wait.next = undefined
    if (this.#last === undefined) this.#first = wait
    else this.#last.next = wait
    this.#last = wait
    this.size++
  }

  remove(wait: Wait): void {
    const { previous, next } = wait
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    wait.list = wait.previous = wait.next = undefined
    this.size--
  }

  *[Symbol.iterator](): Generator<Wait> {
    for (let wait = this.#first; wait !== undefined;) {
      const { next } = wait
      yield wait
      wait = next
    }
  }
}
