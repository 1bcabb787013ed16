/**
 * A manager and its clients in virtual time: the real machines, and between them links that are cut
 * when the test says so.
 */
import { expect } from 'chai'
import type { Answer, Arg, Call, Kind, Op, Status } from '../../src/core/manager/calls.ts'
import { KINDS } from '../../src/core/manager/calls.ts'
import { ManagerClient } from '../../src/core/manager/client.ts'
import type { ClientEffect, ManagerEffect, ManagerEvent } from '../../src/core/manager/events.ts'
import type { Change, Row } from '../../src/core/manager/ledger.ts'
import { Manager } from '../../src/core/manager/manager.ts'
import type { ClientMessage, ManagerMessage } from '../../src/core/manager/messages.ts'
import type { Millis, NodeId } from '../../src/core/types.ts'
import { decodeRow, encodeRow } from '../../src/journal/manager-rows.ts'

export interface CallInit {
  readonly args?: readonly Arg[]
  readonly values?: readonly Uint8Array[]
  readonly timeoutMs?: Millis
}

export interface WorldConfig {
  readonly bytesMax?: number
  readonly isDurable?: boolean
}

export const LEASE = 6_000

/** Text as a value, and back. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

export function texts({ values }: Pick<Answer, 'values'>): string[] {
  return values.map((value) => Buffer.from(value).toString())
}

export class ManagerWorld {
  now: Millis = 1_000
  manager: Manager
  readonly clients: WorldClient[] = []
  /** Effects of the manager that no link takes. */
  readonly told: ManagerEffect[] = []
  /** What is on the disk of a durable manager; the highest row ever there. */
  readonly disk = new Map<number, Row>()
  lastRow = 0
  /** Effects of events, one list for each, that wait until their changes are on disk. */
  #uncommitted: (readonly ManagerEffect[])[] = []
  /** Nothing is committed until `commit`. */
  isDiskSlow = false
  readonly #config: WorldConfig
  /** Sees whatever the manager is told, and what comes of it. */
  onHandled: ((event: ManagerEvent, effects: readonly ManagerEffect[]) => void) | undefined
  #nextSession = 1

  constructor(config: WorldConfig = {}) {
    this.#config = config
    this.manager = this.#newManager()
  }

  #newManager(): Manager {
    return new Manager({ name: 'm', epoch: 'e', leaseMs: LEASE, ...this.#config })
  }

  /** What was done in the first so many events comes to disk, and takes effect. */
  commit(events = Infinity): void {
    for (const effects of this.#uncommitted.splice(0, events)) {
      for (const effect of effects) if (effect.type === 'journal') this.#write(effect.changes)
      for (const effect of effects) if (effect.type !== 'journal') this.#perform(effect)
    }
  }

  #write(changes: readonly Change[]): void {
    for (const { row, value } of changes) {
      if (value === undefined) this.disk.delete(row)
      else this.disk.set(row, decodeRow(encodeRow(value)))
      this.lastRow = Math.max(this.lastRow, row)
    }
  }

  /**
   * The manager is killed and started anew. Of what it did last, so many events had come to disk,
   * but nobody heard of them.
   */
  crash(unheard = 0): void {
    for (const effects of this.#uncommitted.splice(0, unheard)) {
      for (const effect of effects) if (effect.type === 'journal') this.#write(effect.changes)
    }
    this.#uncommitted = []
    this.manager = this.#newManager()
    for (const client of this.clients) client.cut()
    const restoring = this.manager.restoring(this.now)
    const rows = [...this.disk].sort(([a], [b]) => a - b)
    restoring.add(rows.map(([row, value]) => ({ row, value })))
    restoring.finish(this.lastRow)
    this.handle({ type: 'wake' })
  }

  /** A client that is connected, unless it is to be later. */
  client(isConnected = true): WorldClient {
    const client = new WorldClient(this, `c${this.clients.length + 1}`)
    this.clients.push(client)
    if (isConnected) client.connect()
    this.settle()
    return client
  }

  session(): number {
    return this.#nextSession++
  }

  handle(event: ManagerEvent): void {
    const effects = this.manager.handle(event, this.now)
    this.onHandled?.(event, effects)
    this.#uncommitted.push(effects)
    if (!this.isDiskSlow) this.commit()
  }

  /** Delivers all messages, and those that come of them. */
  settle(): void {
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const client of this.clients) isBusy = client.deliver() || isBusy
    }
  }

  /** Lets time pass, waking who wants to be woken. */
  pass(ms: Millis): void {
    const end = this.now + ms
    while (true) {
      this.settle()
      const due = Math.min(
        this.manager.deadline ?? Infinity,
        ...this.clients.map((client) => client.deadline)
      )
      if (due > end) break
      this.now = Math.max(this.now, due)
      if ((this.manager.deadline ?? Infinity) <= this.now) this.handle({ type: 'wake' })
      for (const client of this.clients) client.wake()
    }
    this.now = end
    this.settle()
  }

  #perform(effect: ManagerEffect): void {
    if (effect.type === 'send' || effect.type === 'close' || effect.type === 'disconnect') {
      const client = this.clients.find(({ session }) => session === effect.session)
      if (effect.type === 'send') client?.toClient.push(effect.message)
      else client?.cutAfter()
    } else this.told.push(effect)
  }
}

export class WorldClient {
  readonly name: string
  readonly machine: ManagerClient
  readonly effects: ClientEffect[] = []
  readonly answers = new Map<number, Answer>()
  readonly lost = new Set<number>()
  /** What the manager calls it: another one after each loss. */
  generation = 1
  readonly toClient: ManagerMessage[] = []
  readonly toManager: ClientMessage[] = []
  session: number | undefined
  isStopped = false
  /** It reads nothing of what it is sent. */
  isDeaf = false
  readonly #world: ManagerWorld
  #isEnding = false
  #nextHandle = 1

  constructor(world: ManagerWorld, name: string) {
    this.#world = world
    this.name = name
    this.machine = new ManagerClient({ client: name, name, manager: 'm' })
  }

  get deadline(): Millis {
    return this.isStopped ? Infinity : (this.machine.deadline ?? Infinity)
  }

  get gone(): string | undefined {
    return this.effects.find((effect) => effect.type === 'gone')?.reason
  }

  connect(): void {
    if (this.session !== undefined) return
    this.session = this.#world.session()
    this.#isEnding = false
    this.handle({ type: 'connected', session: this.session })
  }

  /** The connection ends, with all that is on its way. */
  cut(): void {
    const { session } = this
    if (session === undefined) return
    this.session = undefined
    this.toClient.length = 0
    this.toManager.length = 0
    this.#world.handle({ type: 'disconnected', session })
    if (!this.isStopped) this.handle({ type: 'disconnected', session })
  }

  /** The manager ends it, after what it has sent. */
  cutAfter(): void {
    this.#isEnding = true
  }

  /** The program is killed: it says nothing more. */
  kill(): void {
    this.isStopped = true
    this.cut()
  }

  wake(): void {
    if (this.deadline <= this.#world.now) this.handle({ type: 'wake' })
  }

  /** Delivers what is on its way; true if there was something. */
  deliver(): boolean {
    const message = this.toManager.shift()
    if (message !== undefined && this.session !== undefined) {
      const peer = this.name as NodeId
      this.#world.handle({ type: 'message', peer, session: this.session, message })
      return true
    }
    const answer = this.isDeaf ? undefined : this.toClient.shift()
    if (answer !== undefined && this.session !== undefined) {
      this.handle({ type: 'message', session: this.session, message: answer })
      return true
    }
    if (!this.#isEnding) return false
    this.#isEnding = false
    this.cut()
    return true
  }

  handle(event: Parameters<ManagerClient['handle']>[0]): void {
    if (this.isStopped) return
    for (const effect of this.machine.handle(event, this.#world.now)) {
      this.effects.push(effect)
      if (effect.type === 'send') this.toManager.push(effect.message)
      else if (effect.type === 'disconnect') this.cut()
      else if (effect.type === 'answered') {
        expect(this.answers.has(effect.answer.request), 'answered twice').to.equal(false)
        this.answers.set(effect.answer.request, effect.answer)
      } else if (effect.type === 'lost') {
        this.generation++
        for (const each of effect.requests) this.lost.add(each)
      }
    }
  }

  // --- calls

  /** Attaches to an object; returns its handle. */
  attach(kind: Kind, name: string, option?: Arg, values: readonly Uint8Array[] = []): number {
    const handle = this.#nextHandle++
    const args: Arg[] = [KINDS.indexOf(kind), name]
    if (option !== undefined) args.push(option)
    this.call(handle, 'attach', { args, values })
    return handle
  }

  /** Calls, and delivers what comes of it; returns the request. */
  call(handle: number, op: Op, init: CallInit = {}): number {
    const request = this.add(handle, op, init)
    this.handle({ type: 'flush' })
    this.#world.settle()
    return request
  }

  /** Calls, and lets it wait with others. */
  add(handle: number, op: Op, { args = [], values = [], timeoutMs }: CallInit = {}): number {
    const call: Call = { handle, op, args, values, timeoutMs }
    return this.machine.add(call)
  }

  cancel(request: number): void {
    this.call(0, 'cancel', { args: [this.machine.numberOf(request)!] })
  }

  /** Calls what is answered at once. */
  ask(handle: number, op: Op, init: CallInit = {}): Answer {
    const request = this.call(handle, op, init)
    const answer = this.answers.get(request)
    if (answer === undefined) return expect.fail(`${op} waits`)
    return answer
  }

  statusOf(request: number): Status | 'waits' {
    return this.answers.get(request)?.status ?? 'waits'
  }

  put(handle: number, ...items: string[]): number {
    return this.call(handle, 'put', { values: items.map(bytes) })
  }

  /** What was taken by a `get`. */
  taken(request: number): string[] | undefined {
    const answer = this.answers.get(request)
    return answer && texts(answer)
  }
}
