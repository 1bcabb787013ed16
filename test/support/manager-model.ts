/**
 * What a manager should answer, worked out in the simplest way: one list of all that waits, looked
 * through from the beginning each time. It is told what the real manager is told, in that order.
 */
import type { Answer, Arg, Call } from '../../src/core/manager/calls.ts'
import { KINDS } from '../../src/core/manager/calls.ts'
import type { ManagerEffect, ManagerEvent } from '../../src/core/manager/events.ts'
import type { Millis } from '../../src/core/types.ts'
import type { ModelObject } from './manager-model-object.ts'
import { modelOf } from './manager-model-objects.ts'

export type Given = Pick<Answer, 'status' | 'args'> & { readonly values: readonly string[] }

export interface ModelWait {
  readonly client: string
  readonly number: number
  readonly owner: number
  readonly object: ModelObject
  readonly call: Call
  what: string
  until: Millis | undefined
  /** Of a put: how many are in. Of a condition: how often it held its lock. */
  count: number
  /** Of a condition: how it ended. Of a barrier: its place, once all are there. */
  outcome: Given['status']
  isTrue: boolean
  place: number | undefined
}

/** A call, and who made it. */
export type ModelAsk = Pick<ModelWait, 'client' | 'number' | 'owner' | 'call'>

interface ModelClient {
  received: number
  readonly handles: Map<number, { readonly object: ModelObject; readonly owner: number }>
}

export class Model {
  now: Millis = 0
  readonly clients = new Map<string, ModelClient>()
  readonly objects = new Map<string, ModelObject>()
  /** All calls that wait, those that came last at the end. */
  readonly waits: ModelWait[] = []
  readonly answers = new Map<string, Given>()
  readonly #sessions = new Map<number, string>()

  observe(event: ManagerEvent, effects: readonly ManagerEffect[], now: Millis): void {
    this.now = now
    if (event.type === 'wake') this.#wake(effects)
    if (event.type === 'disconnected') this.#sessions.delete(event.session)
    if (event.type !== 'message') return
    const { session, message } = event
    if (message.type === 'open') {
      const isOpened = effects.some(
        (each) => each.type === 'send' && each.message.type === 'opened'
      )
      if (isOpened) this.#sessions.set(session, message.client)
      if (isOpened && !this.clients.has(message.client)) {
        this.clients.set(message.client, { received: 0, handles: new Map() })
      }
      for (const object of this.objects.values()) object.settle?.()
    }
    const name = this.#sessions.get(session)
    const client = this.clients.get(name ?? '')
    if (name === undefined || client === undefined) return
    if (message.type === 'bye') this.#part(name)
    if (message.type !== 'calls') return
    message.calls.forEach((call, place) => {
      if (message.first + place !== client.received + 1) return
      this.#carryOut(name, client, ++client.received, call)
    })
  }

  // --- for objects

  answer(
    { client, number }: Pick<ModelAsk, 'client' | 'number'>,
    status: Given['status'],
    args: readonly Arg[] = [],
    values: readonly string[] = []
  ): void {
    const key = `${client}#${number}`
    if (this.answers.has(key)) throw new Error(`the model answers ${key} twice`)
    this.answers.set(key, { status, args, values })
  }

  wait(ask: ModelAsk, object: ModelObject, what: string): ModelWait {
    const { client, number, owner, call } = ask
    const until = call.timeoutMs === undefined ? undefined : this.now + call.timeoutMs
    const rest = { count: 0, outcome: 'ok', isTrue: true, place: undefined } as const
    const wait: ModelWait = { client, number, owner, object, call, what, until, ...rest }
    this.waits.push(wait)
    return wait
  }

  end(
    wait: ModelWait,
    status: Given['status'],
    args: readonly Arg[] = [],
    values: readonly string[] = []
  ): void {
    this.drop(wait)
    this.answer(wait, status, args, values)
  }

  drop(wait: ModelWait): void {
    this.waits.splice(this.waits.indexOf(wait), 1)
  }

  /** It has a session, so that what it is given arrives. */
  isThere(client: string): boolean {
    return [...this.#sessions.values()].includes(client)
  }

  /** Those that wait for this, in the order in which they came. */
  of(object: ModelObject, ...whats: string[]): ModelWait[] {
    return this.waits.filter((wait) => wait.object === object && whats.includes(wait.what))
  }

  // --- events

  #wake(effects: readonly ManagerEffect[]): void {
    while (true) {
      const due = this.waits.filter(({ until = Infinity }) => until <= this.now)
      const [first] = due.sort((a, b) => (a.until ?? 0) - (b.until ?? 0))
      if (first === undefined) break
      first.until = undefined
      first.object.expire(first)
    }
    for (const effect of effects) {
      if (effect.type !== 'emit' || effect.notice.type !== 'parted') continue
      // Which generation it was is not told: it is the one that has been known longest.
      const { peer } = effect.notice
      const name = [...this.clients.keys()].find((each) => each.startsWith(`${peer}.`))
      if (name !== undefined) this.#part(name)
    }
  }

  #part(name: string): void {
    this.clients.delete(name)
    const gone = this.waits.filter(({ client }) => client === name)
    for (const wait of gone) this.drop(wait)
    for (const wait of gone) wait.object.dropped()
    for (const object of this.objects.values()) object.lose?.(name)
  }

  #carryOut(name: string, client: ModelClient, number: number, call: Call): void {
    const handle = client.handles.get(call.handle)
    const ask = { client: name, number, owner: handle?.owner ?? call.handle, call }
    if (call.op === 'cancel') {
      const wait = this.waits.find((each) => each.client === name && each.number === call.args[0])
      wait?.object.cancel(wait)
    } else if (call.op === 'attach') this.#attach(client, ask)
    else if (call.op === 'delete') this.#delete(ask)
    else if (handle === undefined) this.answer(ask, 'notFound')
    else if (handle.object.isDeleted) this.answer(ask, 'deleted')
    else handle.object.handle(ask)
  }

  #attach(client: ModelClient, ask: ModelAsk): void {
    const { args, handle } = ask.call
    const [kindNumber, name, option] = args
    const kind = KINDS[Number(kindNumber)]!
    const there = this.objects.get(String(name))
    if (there !== undefined && there.kind !== kind) {
      this.answer(ask, 'otherKind', [KINDS.indexOf(there.kind)])
      return
    }
    const lock = client.handles.get(Number(option))?.object
    const object = there ?? modelOf(this, kind, ask, lock)
    if (object === undefined) {
      this.answer(ask, 'badCall')
      return
    }
    this.objects.set(String(name), object)
    const owner = kind === 'condition' && typeof option === 'number' ? option : handle
    client.handles.set(handle, { object, owner })
    this.answer(ask, 'ok', [there === undefined])
  }

  #delete(ask: ModelAsk): void {
    const name = String(ask.call.args[0])
    const object = this.objects.get(name)
    if (object === undefined) {
      this.answer(ask, 'notFound')
      return
    }
    this.objects.delete(name)
    object.isDeleted = true
    object.clear()
    this.answer(ask, 'ok')
  }
}
