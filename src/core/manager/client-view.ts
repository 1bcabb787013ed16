/**
 * A client as its manager sees it.
 */
import { ANSWERS_WINDOW, ANSWERS_WINDOW_BYTES } from '../limits.ts'
import { Queue } from '../queue.ts'
import type { Millis, NodeId } from '../types.ts'
import { sizeOf } from './calls.ts'
import type { Answer, Call } from './calls.ts'
import type { Ledger, Row } from './ledger.ts'
import type { SharedObject } from './shared-object.ts'
import type { Wait } from './waits.ts'

/** What a client calls by a number. */
export interface Handle {
  readonly object: SharedObject
  readonly owner: number
  /** Of a durable manager. */
  readonly row: number
}

export class Client {
  readonly key: string
  readonly peer: NodeId
  readonly name: string
  /** Of a durable manager; 0: none. */
  row = 0
  session: number | undefined
  expiresAt: Millis = 0
  /** The calls that have come, those that are put off included. */
  received = 0
  /** The answers that the client has confirmed; `kept` are those behind. */
  confirmed = 0
  readonly kept = new Queue<Answer>()
  /** Their rows, of a durable manager. */
  readonly keptRows = new Queue<number>()
  keptBytes = 0
  /** Of those kept, how many have been sent in this session. */
  sent = 0
  sentBytes = 0
  /** Calls put off until answers are confirmed. */
  readonly putOff = new Queue<Call>()
  putOffBytes = 0
  readonly handles = new Map<number, Handle>()
  readonly objects = new Set<SharedObject>()
  readonly waits = new Map<number, Wait>()

  constructor(key: string, peer: NodeId, name: string) {
    this.key = key
    this.peer = peer
    this.name = name
  }

  toRow(): Row {
    const { key, peer, name, received, confirmed, kept, putOff } = this
    const answered = confirmed + kept.size
    return { type: 'client', key, peer, name, received: received - putOff.size, answered }
  }

  /** It has so many answers to read that it has to do that first. */
  get isCongested(): boolean {
    return this.keptBytes > ANSWERS_WINDOW_BYTES || this.kept.size > ANSWERS_WINDOW
  }

  /** It is there, and takes what it is answered. */
  get canBeServed(): boolean {
    return this.session !== undefined && !this.isCongested
  }

  keep(answer: Answer, row?: number): number {
    const bytes = sizeOf(answer)
    this.kept.push(answer)
    if (row !== undefined) this.keptRows.push(row)
    this.keptBytes += bytes
    return bytes
  }

  /** Answers that have not been sent in this session. */
  get unsent(): number {
    return this.kept.size - this.sent
  }

  /** Drops what the client has got; returns its bytes. */
  confirm(answers: number, ledger?: Ledger): number {
    const before = this.keptBytes
    while (this.confirmed < answers && this.sent > 0) {
      const answer = this.kept.shift()
      if (answer === undefined) break
      const row = this.keptRows.shift()
      if (row !== undefined) ledger?.removeLater(row)
      const bytes = sizeOf(answer)
      this.keptBytes -= bytes
      this.sentBytes -= bytes
      this.confirmed++
      this.sent--
    }
    return before - this.keptBytes
  }

  /** A new session: the client says how many answers it has got of those sent before. */
  reopen(answers: number, ledger?: Ledger): number {
    this.sent = this.kept.size
    const bytes = this.confirm(answers, ledger)
    this.sent = 0
    this.sentBytes = 0
    this.forgetPutOff()
    return bytes
  }

  /** Drops the calls that were put off: the client will send them again. */
  forgetPutOff(): void {
    this.received -= this.putOff.size
    this.putOff.clear()
    this.putOffBytes = 0
  }
}
