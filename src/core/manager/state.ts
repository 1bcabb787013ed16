/**
 * What a manager machine remembers, and how its objects answer.
 */
import {
  ANSWERS_WINDOW_BYTES,
  ENTRIES_MAX,
  FRAME_BYTES_TARGET,
  MANAGER_BYTES_MAX,
  WAITS_MAX
} from '../limits.ts'
import { Heap } from '../heap.ts'
import type { Millis } from '../types.ts'
import { sizeOf } from './calls.ts'
import type { Answer, Arg, Call, Status } from './calls.ts'
import type { Client } from './client-view.ts'
import type { ManagerEffect } from './events.ts'
import { Ledger } from './ledger.ts'
import type { Ask, SharedObject } from './shared-object.ts'
import { Wait } from './waits.ts'
import type { WaitList } from './waits.ts'

export interface ManagerConfig {
  readonly name: string
  /** Names what its objects live in: another one means that they are others. */
  readonly epoch: string
  readonly leaseMs: Millis
  readonly bytesMax?: number
  /** Its queues, and who uses them, are written down. */
  readonly isDurable?: boolean
}

/** Something to look at again at an instant. */
export type Deadline =
  | { readonly at: Millis; readonly wait: Wait; readonly client?: undefined }
  | { readonly at: Millis; readonly client: Client; readonly wait?: undefined }

const NO_ARGS: readonly Arg[] = []
const NO_VALUES: readonly Uint8Array[] = []
/** Deadlines of waits that are over, beyond which they are cleared out. */
const DEADLINES_SPARE = 1_024

export class ManagerState {
  readonly config: ManagerConfig
  readonly objects = new Map<string, SharedObject>()
  readonly clients = new Map<string, Client>()
  readonly sessions = new Map<number, Client>()
  /** Names of objects that the manager's user registered. */
  readonly registered = new Set<string>()
  /** Calls of methods under way. */
  readonly invocations = new Map<number, Wait>()
  /** Of a durable manager. */
  readonly ledger: Ledger | undefined
  /** Its disk takes nothing new. */
  isDiskFull = false
  readonly deadlines = new Heap<Deadline>((a, b) => a.at < b.at)
  /** Everything that is kept, roughly. */
  bytes = 0
  now: Millis = 0
  #nextInvocation = 1
  #timedWaits = 0
  #effects: ManagerEffect[] = []
  /** Clients with answers that have not been sent. */
  readonly #due = new Set<Client>()
  /** Clients whose calls were carried out, or answered. */
  readonly #changed = new Set<Client>()

  constructor(config: ManagerConfig) {
    this.config = config
    if (config.isDurable === true) this.ledger = new Ledger()
  }

  /** So many bytes more can be kept; they have to be added by whoever keeps them. */
  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= (this.config.bytesMax ?? MANAGER_BYTES_MAX)
  }

  answer(
    { client, request }: Pick<Ask, 'client' | 'request'>,
    status: Status,
    args = NO_ARGS,
    values = NO_VALUES
  ): void {
    const answer = { request, status, args, values }
    const row = this.ledger?.add({ type: 'answer', client: client.row, answer })
    this.bytes += client.keep(answer, row)
    this.#due.add(client)
    this.changed(client)
  }

  /** Lets a call wait in a list; what it brings is counted. Undefined: it has been answered. */
  wait(ask: Ask, object: SharedObject, list: WaitList): Wait | undefined {
    const { client, request, owner, call } = ask
    if (client.waits.size >= WAITS_MAX) {
      this.answer(ask, 'limit')
      return undefined
    }
    const wait = new Wait(client, request, owner, object)
    client.waits.set(request, wait)
    list.push(wait)
    wait.row = this.ledger?.add({ type: 'wait', client: client.row, request, call }) ?? 0
    if (call.timeoutMs !== undefined) this.#time(wait, this.now + call.timeoutMs)
    return wait
  }

  /** Answers a wait, and forgets it. */
  end(wait: Wait, status: Status, args = NO_ARGS, values = NO_VALUES): void {
    this.forget(wait)
    this.answer(wait, status, args, values)
  }

  /** Takes a wait out of its list without an answer. */
  forget(wait: Wait): void {
    wait.list?.remove(wait)
    if (wait.client.waits.delete(wait.request)) this.#removeRows(wait)
    this.untime(wait)
  }

  #removeRows({ row, progressRow }: Wait): void {
    this.ledger?.remove(row)
    if (progressRow > 0) this.ledger?.remove(progressRow)
  }

  /** It may wait as long as it takes, from now on. */
  untime(wait: Wait): void {
    if (wait.until === undefined) return
    wait.until = undefined
    this.#timedWaits--
    const { deadlines } = this
    const spare = DEADLINES_SPARE + this.clients.size + 2 * this.#timedWaits
    if (deadlines.size > spare)
      deadlines.filter(({ at, wait }) => wait === undefined || wait.until === at)
  }

  #time(wait: Wait, at: Millis): void {
    wait.until = at
    this.#timedWaits++
    this.deadlines.push({ at, wait })
  }

  invoke(wait: Wait, method: string, args: Uint8Array): void {
    const call = this.#nextInvocation++
    this.invocations.set(call, wait)
    this.push({ type: 'invoke', call, object: wait.object.name, method, args })
  }

  push(effect: ManagerEffect): void {
    this.#effects.push(effect)
  }

  /** There may be something to send to this client. */
  markDue(client: Client): void {
    this.#due.add(client)
  }

  /** How many of its calls were carried out, or answered, is to be written down. */
  changed(client: Client): void {
    if (this.ledger !== undefined) this.#changed.add(client)
  }

  takeEffects(): ManagerEffect[] {
    for (const client of this.#due) this.#send(client)
    this.#due.clear()
    if (this.ledger !== undefined) this.#writeDown(this.ledger)
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #writeDown(ledger: Ledger): void {
    for (const client of this.#changed) {
      if (this.clients.get(client.key) === client) ledger.set(client.row, client.toRow())
    }
    this.#changed.clear()
    const changes = ledger.take()
    if (changes.length > 0) this.#effects.push({ type: 'journal', changes })
  }

  /**
   * Sends what was not sent in this session yet, as far as the client confirms what it gets, in
   * messages that fit well into frames.
   */
  #send(client: Client): void {
    const { session, kept } = client
    if (session === undefined) return
    let answers: Answer[] = []
    let bytes = 0
    let first = client.confirmed + client.sent + 1
    const send = (): void => {
      this.#effects.push({ type: 'send', session, message: { type: 'answers', first, answers } })
      first += answers.length
      answers = []
      bytes = 0
    }
    // Not by the queue's iterator: that is two objects more for each answer.
    for (let answer = kept.at(client.sent); answer !== undefined; answer = kept.at(client.sent)) {
      if (client.sentBytes > ANSWERS_WINDOW_BYTES) break
      const size = sizeOf(answer)
      client.sent++
      client.sentBytes += size
      const isFull = bytes + size > FRAME_BYTES_TARGET || answers.length === ENTRIES_MAX
      if (answers.length > 0 && isFull) send()
      answers.push(answer)
      bytes += size
    }
    if (answers.length > 0) send()
  }
}

/** A whole number among the arguments of a call, if it is one within bounds. */
export function integerOf(
  { args }: Call,
  place: number,
  min = 0,
  max = Number.MAX_SAFE_INTEGER
): number | undefined {
  const arg = args[place]
  const isFine = typeof arg === 'number' && Number.isSafeInteger(arg) && arg >= min && arg <= max
  return isFine ? arg : undefined
}

export function textOf({ args }: Call, place: number): string | undefined {
  const arg = args[place]
  return typeof arg === 'string' ? arg : undefined
}
