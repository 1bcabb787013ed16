/**
 * A client's connection with a manager: opened again whenever it ends, until one of them is gone
 * for good. What is asked meanwhile waits.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { unreachable } from '../core/assert.ts'
import { P2pJobsError, toError } from '../core/errors.ts'
import { CALLS_WAITING_MAX } from '../core/limits.ts'
import type { Answer, Call } from '../core/manager/calls.ts'
import { ManagerClient } from '../core/manager/client.ts'
import type { ClientEffect, ClientEvent } from '../core/manager/events.ts'
import type { ClientMessage, ManagerMessage } from '../core/manager/messages.ts'
import type { Millis } from '../core/types.ts'
import { Driver } from './driver.ts'
import type { Link } from './link.ts'

const AGAIN_MIN_MS = 50
const AGAIN_MAX_MS = 2_000
/** Longer than any process lives, and no more than a timer can have. */
const FOR_EVER_MS = 2 ** 30

export type ClientLink = Link<ClientMessage, ManagerMessage>

export interface ManagerConnectionInit {
  /** The manager's name, and what people call this client. */
  readonly manager: string
  readonly name: string
  readonly awayMs?: Millis | undefined
  /** Calls that wait do not keep the process alive: they are not of its own program. */
  readonly isBackground?: boolean | undefined
  /** Opens a session with the manager, wherever it is now. */
  openLink(signal: AbortSignal): Promise<ClientLink>
  /** Nothing will be answered any more, for this reason. */
  onGone?(error: P2pJobsError): void
}

/** A call that was made; `request` is what `cancel` names. */
export interface Asked {
  readonly request: number
  readonly answer: Promise<Answer>
}

export class ManagerConnection {
  readonly #init: ManagerConnectionInit
  readonly #machine: ManagerClient
  readonly #driver: Driver<ClientEvent, ClientEffect>
  readonly #pending = new Map<number, PromiseWithResolvers<Answer>>()
  readonly #stop = new AbortController()
  readonly #opened = Promise.withResolvers<undefined>()
  /** Keeps the process alive while the program waits for something. */
  readonly #alive: NodeJS.Timeout
  #link: ClientLink | undefined
  #session = 0
  #isFlushDue = false
  #gone: P2pJobsError | undefined
  #tenure = new AbortController()

  constructor(init: ManagerConnectionInit) {
    this.#init = init
    const { manager, name, awayMs } = init
    this.#machine = new ManagerClient({
      ...{ client: randomUUID(), name, manager },
      ...(awayMs !== undefined && { awayMs })
    })
    this.#driver = new Driver(this.#machine, (effects) => {
      for (const effect of effects) this.#perform(effect)
    })
    this.#alive = setInterval(() => undefined, FOR_EVER_MS)
    this.#alive.unref()
    this.#opened.promise.catch(() => undefined)
    void this.#keep()
  }

  /** Resolves once the manager has let this client in; rejects with why it never will. */
  async opened(): Promise<void> {
    await this.#opened.promise
  }

  /** Why nothing will be answered any more; undefined while it may. */
  get gone(): P2pJobsError | undefined {
    return this.#gone
  }

  /** Aborted when what is held now is lost, or may be: the manager has heard nothing for a lease. */
  get tenure(): AbortSignal {
    return this.#tenure.signal
  }

  /** Calls an object. The answer rejects with LOST or MANAGER_GONE, and for nothing else. */
  call(call: Call): Asked {
    if (this.#gone !== undefined) return { request: 0, answer: Promise.reject(this.#gone) }
    if (this.#pending.size >= CALLS_WAITING_MAX)
      return { request: 0, answer: Promise.reject(tooMany()) }
    const request = this.#machine.add(call)
    const pending = Promise.withResolvers<Answer>()
    if (this.#pending.size === 0 && this.#init.isBackground !== true) this.#alive.ref()
    this.#pending.set(request, pending)
    this.#flushSoon()
    return { request, answer: pending.promise }
  }

  /** Asks the manager to end a wait; its answer says what came of it. */
  cancel(request: number): void {
    const number = this.#machine.numberOf(request)
    if (number === undefined) return
    this.#machine.add({ handle: 0, op: 'cancel', timeoutMs: undefined, args: [number], values: [] })
    this.#flushSoon()
  }

  /** Gives back all that is held, and ends. */
  async leave(): Promise<void> {
    const link = this.#link
    this.#driver.dispatch({ type: 'leave' })
    // Who cannot be told finds out by itself.
    await link?.flushed().catch(() => undefined)
    link?.close()
  }

  /** All that is called in one turn goes together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    queueMicrotask(() => {
      this.#isFlushDue = false
      this.#driver.dispatch({ type: 'flush' })
    })
  }

  /** Never rejects. */
  async #keep(): Promise<void> {
    const { signal } = this.#stop
    let wait = AGAIN_MIN_MS
    while (!signal.aborted) {
      try {
        await this.#serve(await this.#init.openLink(signal))
        wait = AGAIN_MIN_MS
      } catch (error) {
        if (!this.#isFirst) wait = Math.min(AGAIN_MAX_MS, wait * 2)
        else this.#end(asGone(error))
      }
      // Ended early by the signal: that is what it is for.
      await delay(wait, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** It has never been there: whoever looked for it says why. */
  get #isFirst(): boolean {
    return this.#session === 0
  }

  /** One session, until it ends. */
  async #serve(link: ClientLink): Promise<void> {
    if (this.#stop.signal.aborted) {
      link.abort('the connection is not needed any more')
      return
    }
    const session = ++this.#session
    this.#link = link
    const closed = Promise.withResolvers<undefined>()
    link.listen(
      (message) => this.#driver.dispatch({ type: 'message', session, message }),
      () => closed.resolve(undefined)
    )
    this.#driver.dispatch({ type: 'connected', session })
    await closed.promise
    this.#link = undefined
    this.#driver.dispatch({ type: 'disconnected', session })
  }

  #perform(effect: ClientEffect): void {
    switch (effect.type) {
      case 'send':
        this.#link?.send(effect.message)
        return
      case 'disconnect':
        this.#link?.abort(effect.reason)
        return
      case 'answered':
        this.#take(effect.answer.request)?.resolve(effect.answer)
        return
      case 'expired':
        this.#endTenure(lost(this.#init.manager))
        return
      case 'lost':
        this.#endTenure(lost(this.#init.manager))
        for (const request of effect.requests) this.#take(request)?.reject(lost(this.#init.manager))
        return
      case 'opened':
        this.#opened.resolve(undefined)
        return
      case 'gone':
        this.#end(goneBy(effect.reason, this.#init.manager))
        return
      default:
        unreachable(effect)
    }
  }

  #take(request: number): PromiseWithResolvers<Answer> | undefined {
    const pending = this.#pending.get(request)
    this.#pending.delete(request)
    if (this.#pending.size === 0) this.#alive.unref()
    return pending
  }

  #endTenure(error: P2pJobsError): void {
    const ended = this.#tenure
    this.#tenure = new AbortController()
    ended.abort(error)
  }

  #end(error: P2pJobsError): void {
    if (this.#gone !== undefined) return
    this.#gone = error
    this.#endTenure(error)
    this.#opened.reject(error)
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    clearInterval(this.#alive)
    this.#stop.abort(error)
    this.#driver.stop()
    this.#init.onGone?.(error)
  }
}

function asGone(error: unknown): P2pJobsError {
  if (error instanceof P2pJobsError) return error
  const cause = toError(error)
  return new P2pJobsError('UNREACHABLE', `no session with the manager: ${cause.message}`, { cause })
}

function tooMany(): P2pJobsError {
  const what = `more than ${CALLS_WAITING_MAX} calls of one program wait for a manager`
  return new P2pJobsError('LIMIT', `${what}; wait for some of them before making more`)
}

function lost(manager: string): P2pJobsError {
  return new P2pJobsError(
    'LOST',
    `the manager '${manager}' heard nothing of this program for longer than its lease: the locks it ` +
      'held are free, what it had on lease is back in its queue, and whether this call took effect ' +
      'is not known'
  )
}

const WHYS = {
  left: 'this program closed its connection',
  unreachable: 'it could not be reached for too long',
  restarted: 'it was started anew, and the objects it had are gone; connect again for new ones',
  closed: 'it was closed',
  full: 'it serves too many clients',
  lost: 'it gave this client up',
  notServed: 'it is not served any more'
} as const

function goneBy(reason: keyof typeof WHYS, manager: string): P2pJobsError {
  return new P2pJobsError('MANAGER_GONE', `the manager '${manager}' is gone: ${WHYS[reason]}`)
}
