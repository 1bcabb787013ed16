/**
 * The client machine: one client of a manager, across all its sessions.
 *
 * It sends calls, again if need be, until the manager has got them, and takes each answer once.
 */
import { unreachable } from '../assert.ts'
import {
  CALLS_WINDOW,
  CALLS_WINDOW_BYTES,
  CONFIRM_EVERY,
  CONFIRM_EVERY_BYTES,
  ENTRIES_MAX,
  FRAME_BYTES_TARGET,
  LEASE_MS,
  MANAGER_AWAY_MS,
  RENEWAL_MAX_MS,
  RENEWALS_PER_LEASE
} from '../limits.ts'
import type { Machine } from '../machine.ts'
import { Queue } from '../queue.ts'
import type { Millis } from '../types.ts'
import { sizeOf } from './calls.ts'
import type { Answer, Call } from './calls.ts'
import type { ClientEffect, ClientEvent } from './events.ts'
import type { ManagerMessage } from './messages.ts'
import { Tenure } from './tenure.ts'

export interface ClientConfig {
  /** Names this client among all. */
  readonly client: string
  readonly name: string
  readonly manager: string
  /** How long it waits for a manager that is away. */
  readonly awayMs?: Millis
}

type Answers = Extract<ManagerMessage, { type: 'answers' }>
type Opened = Extract<ManagerMessage, { type: 'opened' }>
type Refused = Extract<ManagerMessage, { type: 'refused' }>

export class ManagerClient implements Machine<ClientEvent, ClientEffect> {
  readonly #config: ClientConfig
  #session: number | undefined
  #isOpen = false
  #isGone = false
  #epoch: string | undefined
  /** A client that was given up goes on as the next one. */
  #generation = 1
  #hasJoined = false
  #leaseMs: Millis = LEASE_MS
  #heardAt: Millis = 0
  #renewAt: Millis = 0
  #awaySince: Millis | undefined
  readonly #tenure = new Tenure()
  /** Calls that the manager has not confirmed, of which so many were sent in this session. */
  #calls = new Queue<Call>()
  #sent = 0
  #sentBytes = 0
  /** Calls confirmed, and answers got, since this generation began. */
  #confirmed = 0
  #answers = 0
  #toldAnswers = 0
  #untoldBytes = 0
  #isConfirmationAsked = false
  #nextRequest = 1
  /** What a request is higher than its number in this generation. */
  #offset = 0
  readonly #unanswered = new Set<number>()
  /** How it came by its handles. */
  readonly #attached = new Map<number, Call>()
  /** The requests for those that were not answered yet. */
  readonly #attaching = new Map<number, number>()
  #effects: ClientEffect[] = []

  constructor(config: ClientConfig) {
    this.#config = config
  }

  /** The calls that wait for their answer. */
  get unanswered(): number {
    return this.#unanswered.size
  }

  get deadline(): Millis | undefined {
    if (this.#isGone) return undefined
    const next = Math.min(this.#patienceEndsAt, this.#tenure.until ?? Infinity)
    return next === Infinity ? undefined : next
  }

  /**
   * Takes a call, and returns its number among all; it is sent at the next `flush`. A `cancel` is
   * never answered.
   */
  add(call: Call): number {
    const request = this.#nextRequest++
    this.#calls.push(call)
    if (call.op === 'attach') {
      this.#attached.set(call.handle, call)
      this.#attaching.set(request, call.handle)
    }
    if (call.op !== 'cancel') this.#unanswered.add(request)
    return request
  }

  /** The number by which a manager knows a request; undefined if it never will. */
  numberOf(request: number): number | undefined {
    return this.#unanswered.has(request) ? request - this.#offset : undefined
  }

  handle(event: ClientEvent, now: Millis): ClientEffect[] {
    if (!this.#isGone) this.#handle(event, now)
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #handle(event: ClientEvent, now: Millis): void {
    switch (event.type) {
      case 'flush':
        this.#send(now)
        return
      case 'connected':
        this.#onConnected(event.session, now)
        return
      case 'message':
        if (event.session === this.#session) this.#receive(event.message, now)
        return
      case 'disconnected':
        if (event.session === this.#session) this.#onDisconnected(now)
        return
      case 'leave':
        if (this.#isOpen) this.#say({ type: 'bye' })
        this.#go('left')
        return
      case 'wake':
        this.#wake(now)
        return
      default:
        unreachable(event)
    }
  }

  // --- the session

  #onConnected(session: number, now: Millis): void {
    this.#session = session
    this.#isOpen = false
    this.#isConfirmationAsked = false
    this.#heardAt = now
    const { client, name, manager } = this.#config
    const epoch = this.#hasJoined ? this.#epoch : undefined
    this.#toldAnswers = this.#answers
    this.#tenure.begin()
    this.#tenure.say(now)
    this.#say({
      type: 'open',
      client: `${client}.${this.#generation}`,
      ...{ name, manager, epoch, answers: this.#answers }
    })
  }

  #onDisconnected(now: Millis): void {
    this.#session = undefined
    this.#isOpen = false
    // Who was never served is looked for by somebody else, who knows how long.
    if (this.#epoch !== undefined) this.#awaySince ??= now
  }

  #receive(message: ManagerMessage, now: Millis): void {
    this.#heardAt = now
    if (message.type === 'opened') this.#onOpened(message, now)
    else if (message.type === 'refused') this.#onRefused(message, now)
    else if (!this.#isOpen) this.#fail('something before it opened the session', now)
    else if (message.type === 'renewed') {
      this.#isConfirmationAsked = false
      this.#tenure.hear(this.#leaseMs)
      this.#confirm(message.calls)
      this.#send(now)
    } else this.#take(message, now)
  }

  #onOpened({ epoch, leaseMs, calls }: Opened, now: Millis): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      this.#go('restarted')
      return
    }
    this.#epoch = epoch
    this.#leaseMs = leaseMs
    this.#hasJoined = true
    this.#isOpen = true
    this.#awaySince = undefined
    this.#tenure.hear(leaseMs)
    this.#renewAt = now + this.#renewalMs
    this.#confirm(calls)
    this.#sent = 0
    this.#sentBytes = 0
    this.#effects.push({ type: 'opened' })
    this.#send(now)
  }

  #onRefused({ reason }: Refused, now: Millis): void {
    if (reason === 'lost' && this.#hasJoined) this.#beginAnew()
    else if (reason !== 'notServed') {
      this.#go(reason)
      return
    }
    this.#disconnect(`the manager refuses: ${reason}`, false, now)
  }

  /** The manager has given this client up: what it held and waited for is gone, its objects are not. */
  #beginAnew(): void {
    this.#effects.push({ type: 'lost', requests: [...this.#unanswered] })
    this.#unanswered.clear()
    this.#attaching.clear()
    this.#generation++
    this.#hasJoined = false
    this.#calls = new Queue()
    this.#sent = 0
    this.#sentBytes = 0
    this.#confirmed = 0
    this.#answers = 0
    this.#untoldBytes = 0
    this.#offset = this.#nextRequest - 1
    for (const call of this.#attached.values()) this.add(call)
  }

  #go(reason: Extract<ClientEffect, { type: 'gone' }>['reason']): void {
    this.#isGone = true
    this.#unanswered.clear()
    this.#calls.clear()
    this.#effects.push({ type: 'gone', reason })
  }

  /** The manager does what none does. */
  #fail(what: string, now: Millis): void {
    this.#disconnect(`a manager sent ${what}`, true, now)
  }

  #disconnect(reason: string, isFault: boolean, now: Millis): void {
    const session = this.#session
    if (session === undefined) return
    this.#effects.push({ type: 'disconnect', session, reason, isFault })
    this.#onDisconnected(now)
  }

  // --- calls and answers

  /** Sends what was not sent in this session, as far as the manager keeps up. */
  #send(now: Millis): void {
    if (!this.#isOpen) return
    let calls: Call[] = []
    let bytes = 0
    let first = this.#confirmed + this.#sent + 1
    const send = (): void => {
      this.#say({ type: 'calls', first, answers: this.#tellAnswers(), calls })
      first += calls.length
      calls = []
      bytes = 0
    }
    let isHeldBack = false
    // Not by the queue's iterator: that is two objects more for each call.
    for (let call = this.#calls.at(this.#sent); call; call = this.#calls.at(this.#sent)) {
      isHeldBack = this.#sent >= CALLS_WINDOW || this.#sentBytes >= CALLS_WINDOW_BYTES
      if (isHeldBack) break
      const size = sizeOf(call)
      this.#sent++
      this.#sentBytes += size
      const isFull = bytes + size > FRAME_BYTES_TARGET || calls.length === ENTRIES_MAX
      if (calls.length > 0 && isFull) send()
      calls.push(call)
      bytes += size
    }
    if (calls.length > 0) send()
    if (isHeldBack) this.#askForConfirmation(now)
  }

  /** Calls that wait are not answered, so that nothing else may say that they have come. */
  #askForConfirmation(now: Millis): void {
    if (this.#isConfirmationAsked) return
    this.#isConfirmationAsked = true
    this.#renew(now)
  }

  #tellAnswers(): number {
    this.#toldAnswers = this.#answers
    this.#untoldBytes = 0
    return this.#answers
  }

  /** The manager has got so many calls of this generation. */
  #confirm(calls: number): void {
    while (this.#confirmed < calls && this.#calls.size > 0) {
      const call = this.#calls.shift() as Call
      this.#confirmed++
      if (this.#sent === 0) continue
      this.#sent--
      this.#sentBytes -= sizeOf(call)
    }
  }

  #take({ first, answers }: Answers, now: Millis): void {
    if (first > this.#answers + 1) {
      this.#fail('answers with some left out', now)
      return
    }
    for (let at = this.#answers + 1 - first; at < answers.length; at++) {
      const answer = answers[at] as Answer
      const request = answer.request + this.#offset
      if (answer.request > this.#confirmed + this.#sent || !this.#unanswered.delete(request)) {
        this.#fail('an answer to nothing', now)
        return
      }
      this.#answers++
      this.#untoldBytes += sizeOf(answer)
      // Calls are carried out in their order: those before have been, too.
      this.#confirm(answer.request)
      this.#noteAttached(request, answer)
      const isSame = request === answer.request
      this.#effects.push({ type: 'answered', answer: isSame ? answer : { ...answer, request } })
    }
    const untold = this.#answers - this.#toldAnswers
    if (untold >= CONFIRM_EVERY || this.#untoldBytes >= CONFIRM_EVERY_BYTES) this.#renew(now)
    this.#send(now)
  }

  /** A handle that stands for nothing is not asked for again by the next generation. */
  #noteAttached(request: number, { status }: Answer): void {
    const handle = this.#attaching.get(request)
    if (handle === undefined) return
    this.#attaching.delete(request)
    if (status !== 'ok') this.#attached.delete(handle)
  }

  // --- time

  /** When it has to do something about its session, or gives up. */
  get #patienceEndsAt(): Millis {
    if (this.#session === undefined) return (this.#awaySince ?? Infinity) + this.#awayMs
    return this.#isOpen ? Math.min(this.#renewAt, this.#silentAt) : this.#silentAt
  }

  get #awayMs(): Millis {
    return this.#config.awayMs ?? MANAGER_AWAY_MS
  }

  get #renewalMs(): Millis {
    return Math.min(RENEWAL_MAX_MS, Math.floor(this.#leaseMs / RENEWALS_PER_LEASE))
  }

  get #silentAt(): Millis {
    return this.#heardAt + this.#leaseMs + this.#renewalMs
  }

  #wake(now: Millis): void {
    if (this.#tenure.hasEnded(now)) this.#effects.push({ type: 'expired' })
    if (this.#session === undefined) {
      const since = this.#awaySince
      if (since !== undefined && now >= since + this.#awayMs) this.#go('unreachable')
      return
    }
    if (now >= this.#silentAt) this.#disconnect('the manager is silent', false, now)
    else if (this.#isOpen && now >= this.#renewAt) this.#renew(now)
  }

  #renew(now: Millis): void {
    this.#renewAt = now + this.#renewalMs
    this.#tenure.say(now)
    this.#say({ type: 'renewal', answers: this.#tellAnswers() })
  }

  #say(message: Extract<ClientEffect, { type: 'send' }>['message']): void {
    if (this.#session === undefined) return
    this.#effects.push({ type: 'send', session: this.#session, message })
  }
}
