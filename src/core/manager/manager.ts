/**
 * The manager machine: objects that clients on many nodes share.
 *
 * It never fails for what a client sends: a call that makes no sense is answered so, and a client
 * that does not keep to the protocol loses its session.
 */
import { assert, unreachable } from '../assert.ts'
import {
  ANSWERS_WINDOW_BYTES,
  CALLS_WINDOW,
  CALLS_WINDOW_BYTES,
  ITEM_BYTES_MAX,
  MANAGER_CLIENTS_MAX,
  PAUSE_MS
} from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Millis, NodeId } from '../types.ts'
import { sizeOf } from './calls.ts'
import type { Call } from './calls.ts'
import { Client } from './client-view.ts'
import type { ManagerEffect, ManagerEvent } from './events.ts'
import type { Ledger } from './ledger.ts'
import type { ClientMessage, RefusalReason } from './messages.ts'
import { attach, deleteObject } from './objects/attach.ts'
import { Restoring } from './restore.ts'
import type { Ask } from './shared-object.ts'
import { ManagerState } from './state.ts'
import type { ManagerConfig } from './state.ts'

type Open = Extract<ClientMessage, { type: 'open' }>
type Calls = Extract<ClientMessage, { type: 'calls' }>

export class Manager implements Machine<ManagerEvent, ManagerEffect> {
  /** For people who ask what is going on; nobody else changes it. */
  readonly state: ManagerState
  #forgivenAt: Millis = 0

  constructor(config: ManagerConfig) {
    this.state = new ManagerState(config)
  }

  get deadline(): Millis | undefined {
    return this.state.deadlines.peek()?.at
  }

  /** There is an object of this name, made by its user, that clients may attach to. */
  register(name: string): void {
    this.state.registered.add(name)
  }

  /** What rebuilds a durable manager, before its first event. */
  restoring(now: Millis): Restoring {
    const { ledger } = this.state
    assert(ledger !== undefined, 'only a durable manager can be rebuilt')
    return new Restoring(this.state, ledger, now)
  }

  handle(event: ManagerEvent, now: Millis): ManagerEffect[] {
    const { state } = this
    this.#forgivePause(now)
    state.now = now
    switch (event.type) {
      case 'message':
        this.#receive(event.peer, event.session, event.message)
        break
      case 'disconnected':
        this.#onDisconnected(event.session)
        break
      case 'invoked': {
        const wait = state.invocations.get(event.call)
        state.invocations.delete(event.call)
        // Its caller may have given up.
        if (wait?.list === undefined) break
        state.end(wait, event.hasFailed ? 'failed' : 'ok', [], [event.value])
        break
      }
      case 'close':
        this.#close()
        break
      case 'space':
        state.isDiskFull = event.isLow
        break
      case 'wake':
        this.#wake()
        break
      default:
        unreachable(event)
    }
    return state.takeEffects()
  }

  // --- sessions

  #receive(peer: NodeId, session: number, message: ClientMessage): void {
    const { state } = this
    const client = state.sessions.get(session)
    if (message.type === 'open') {
      if (client === undefined) this.#open(peer, session, message)
      else this.#fault(client, 'it opened its session twice')
      return
    }
    // Of a session that is over, or that was refused.
    if (client === undefined) return
    client.expiresAt = state.now + state.config.leaseMs
    if (message.type === 'bye') {
      this.#part(client, false)
      state.push({ type: 'close', session })
      return
    }
    if (message.answers > client.confirmed + client.sent) {
      this.#fault(client, 'it confirms answers that it was not sent')
      return
    }
    const wasCongested = client.isCongested
    state.bytes -= client.confirm(message.answers, state.ledger)
    if (client.unsent > 0) state.markDue(client)
    if (wasCongested) this.#welcome(client)
    this.#goOn(client)
    if (message.type === 'calls') this.#accept(client, message)
    if (message.type === 'renewal') {
      const calls = client.received - client.putOff.size
      state.push({ type: 'send', session, message: { type: 'renewed', calls } })
    }
  }

  #open(peer: NodeId, session: number, message: Open): void {
    const { state } = this
    const { config } = state
    const key = `${peer} ${message.client}`
    const known = state.clients.get(key)
    const refusal = this.#refusalOf(message, known)
    if (refusal !== undefined) {
      this.#refuse(session, refusal)
      return
    }
    const client = known ?? this.#join(new Client(key, peer, message.name))
    if (client.session !== undefined) {
      const old = client.session
      const reason = 'the client opened a newer one'
      state.sessions.delete(old)
      state.push({ type: 'disconnect', session: old, reason, isFault: false })
    }
    client.session = session
    client.expiresAt = state.now + config.leaseMs
    state.sessions.set(session, client)
    state.bytes -= client.reopen(message.answers, state.ledger)
    const { received: calls } = client
    const { epoch, leaseMs } = config
    state.push({ type: 'send', session, message: { type: 'opened', epoch, leaseMs, calls } })
    this.#welcome(client)
    state.markDue(client)
  }

  /** What it waits for may be there already. */
  #welcome(client: Client): void {
    if (!client.canBeServed) return
    for (const object of client.objects) object.welcome?.()
  }

  #refusalOf({ manager, epoch }: Open, known: Client | undefined): RefusalReason | undefined {
    const { config, clients } = this.state
    if (manager !== config.name) return 'notServed'
    if (epoch !== undefined && epoch !== config.epoch) return 'restarted'
    if (epoch !== undefined && known === undefined) return 'lost'
    if (known === undefined && clients.size >= MANAGER_CLIENTS_MAX) return 'full'
    return undefined
  }

  #join(client: Client): Client {
    const { state } = this
    state.clients.set(client.key, client)
    client.row = state.ledger?.add(client.toRow()) ?? 0
    state.deadlines.push({ at: state.now + state.config.leaseMs, client })
    state.push({ type: 'emit', notice: { type: 'joined', peer: client.peer, name: client.name } })
    return client
  }

  #refuse(session: number, reason: RefusalReason): void {
    this.state.push({ type: 'send', session, message: { type: 'refused', reason } })
    this.state.push({ type: 'close', session })
  }

  /** The client has done what no client does; it may come again. */
  #fault(client: Client, reason: string): void {
    const { session } = client
    if (session === undefined) return
    this.state.push({ type: 'disconnect', session, reason, isFault: true })
    this.#onDisconnected(session)
  }

  #onDisconnected(session: number): void {
    const client = this.state.sessions.get(session)
    this.state.sessions.delete(session)
    if (client?.session !== session) return
    client.session = undefined
    client.forgetPutOff()
  }

  /** The client has gone: nothing waits for it, and it holds nothing. */
  #part(client: Client, wasLost: boolean): void {
    const { state } = this
    if (client.session !== undefined) state.sessions.delete(client.session)
    state.clients.delete(client.key)
    this.#dropWaits(client)
    for (const object of client.objects) object.lose?.(client)
    state.bytes -= client.keptBytes
    client.kept.clear()
    if (state.ledger !== undefined) this.#strike(client, state.ledger)
    const { peer, name } = client
    state.push({ type: 'emit', notice: { type: 'parted', peer, name, wasLost } })
  }

  #dropWaits(client: Client): void {
    const waits = [...client.waits.values()]
    for (const wait of waits) this.state.forget(wait)
    for (const wait of waits) wait.object.drop?.(wait)
  }

  /** Nothing of it is needed any more. */
  #strike(client: Client, ledger: Ledger): void {
    ledger.remove(client.row)
    for (const row of client.keptRows) ledger.remove(row)
    for (const { row } of client.handles.values()) ledger.remove(row)
  }

  /** Who is told so does not come back: what a durable manager keeps, it keeps for others. */
  #close(): void {
    const { state } = this
    const told = [...state.sessions.values()]
    for (const session of state.sessions.keys()) this.#refuse(session, 'closed')
    state.sessions.clear()
    if (state.ledger === undefined) return
    for (const client of told) client.session = undefined
    // Nobody of them is to be given what another gives back.
    for (const client of told) this.#dropWaits(client)
    for (const client of told) this.#part(client, false)
  }

  // --- calls

  #accept(client: Client, { first, calls }: Calls): void {
    if (first > client.received + 1) {
      this.#fault(client, 'it left calls out')
      return
    }
    for (let at = client.received + 1 - first; at < calls.length; at++) {
      const call = calls[at] as Call
      client.received++
      // So that what it does not read does not fill the memory.
      if (client.isCongested) {
        client.putOff.push(call)
        client.putOffBytes += sizeOf(call)
      } else this.#carryOut(client, client.received, call)
    }
    const bytesMax = CALLS_WINDOW_BYTES + ITEM_BYTES_MAX + ANSWERS_WINDOW_BYTES
    if (client.putOff.size > CALLS_WINDOW || client.putOffBytes > bytesMax) {
      this.#fault(client, 'it sends calls without waiting for answers')
    }
  }

  /** Carries out what was put off, as long as the client takes its answers. */
  #goOn(client: Client): void {
    while (client.putOff.size > 0 && !client.isCongested) {
      const call = client.putOff.shift() as Call
      client.putOffBytes -= sizeOf(call)
      this.#carryOut(client, client.received - client.putOff.size, call)
    }
  }

  #carryOut(client: Client, request: number, call: Call): void {
    const { state } = this
    state.changed(client)
    const handle = client.handles.get(call.handle)
    const ask: Ask = { client, request, owner: handle?.owner ?? call.handle, call }
    if (call.op === 'cancel') {
      const wait = client.waits.get(Number(call.args[0]))
      wait?.object.cancel(wait)
    } else if (call.values.length > 0 && !state.hasRoomFor(sizeOf(call))) {
      state.answer(ask, 'limit')
    } else if (call.op === 'put' && state.isDiskFull) {
      state.answer(ask, 'noSpace')
    } else if (call.op === 'attach') {
      attach(state, ask)
    } else if (call.op === 'delete') {
      deleteObject(state, ask)
    } else if (handle === undefined) {
      state.answer(ask, 'notFound')
    } else if (handle.object.isDeleted) {
      state.answer(ask, 'deleted')
    } else {
      handle.object.handle(ask)
    }
  }

  // --- time

  /** Who was stopped for a while cannot tell silent clients from its own deafness. */
  #forgivePause(now: Millis): void {
    const { deadline, state } = this
    if (now <= Math.max(deadline ?? Infinity, this.#forgivenAt) + PAUSE_MS) return
    this.#forgivenAt = now
    for (const client of state.clients.values()) {
      client.expiresAt = Math.max(client.expiresAt, now + state.config.leaseMs)
    }
  }

  #wake(): void {
    const { state } = this
    const { deadlines, now } = state
    for (let due = deadlines.peek(); due !== undefined && due.at <= now; due = deadlines.peek()) {
      deadlines.pop()
      if (due.wait !== undefined) {
        if (due.wait.until !== due.at) continue
        state.untime(due.wait)
        due.wait.object.expire(due.wait)
      } else this.#lookAt(due.client)
    }
  }

  #lookAt(client: Client): void {
    const { state } = this
    if (state.clients.get(client.key) !== client) return
    if (client.expiresAt > state.now) {
      state.deadlines.push({ at: client.expiresAt, client })
      return
    }
    const { session } = client
    this.#part(client, true)
    if (session === undefined) return
    this.#refuse(session, 'lost')
  }
}
