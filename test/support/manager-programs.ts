/**
 * Random programs of several clients that share a few objects, with connections that are cut,
 * clients that are killed, and a manager that is stopped for a while; the same for the same seed.
 *
 * What every client was answered has to be what the model says, and whoever waits in the end has to
 * wait in the model, too.
 */
import { expect } from 'chai'
import { PAUSE_MS } from '../../src/core/limits.ts'
import type { Arg, Kind, Op } from '../../src/core/manager/calls.ts'
import { Rng } from '../../src/core/rng.ts'
import { CALLS, OPTIONS } from './manager-choices.ts'
import { Model } from './manager-model.ts'
import { bytes, LEASE, ManagerWorld, texts } from './manager-world.ts'
import type { CallInit, WorldClient } from './manager-world.ts'

const STEPS = 120
const CLIENTS = 3
/** Rounds of renewals until everything has settled. */
const QUIET_ROUNDS = 4
const ANSWERED_AT_ONCE: ReadonlySet<Op> = new Set(['state', 'entries', 'slice'])

/** An object that all programs use; a condition may use a lock that they use, too. */
interface Subject {
  readonly kind: Kind
  readonly name: string
  readonly option: number | undefined
  readonly lock?: Subject
}

interface Held {
  readonly subject: Subject
  readonly handle: number
  readonly args: readonly Arg[]
}

interface Program {
  readonly client: WorldClient
  readonly handles: Map<Subject, number[]>
  /** Its calls: what the manager calls them, and what they are about. */
  readonly calls: Map<number, { readonly key: string; readonly op: Op; readonly on: Subject }>
  /** What it was given and may give back. */
  readonly held: Held[]
  seen: number
}

export class Programs {
  readonly world = new ManagerWorld()
  readonly model = new Model()
  readonly #rng: Rng
  readonly #subjects: readonly Subject[]
  readonly #programs: Program[] = []
  #items = 0

  constructor(seed: number, kinds: readonly Kind[]) {
    this.#rng = new Rng(seed)
    this.world.onHandled = (event, effects) => {
      this.model.observe(event, effects, this.world.now)
    }
    this.#subjects = this.#choose(kinds)
    for (let count = 0; count < CLIENTS; count++) this.#programs.push(this.#program())
  }

  /** The whole of it. Throws where the manager and the model differ. */
  run(): void {
    for (let step = 0; step < STEPS; step++) this.#step()
    for (let round = 0; round < QUIET_ROUNDS; round++) {
      for (const { client } of this.#programs) client.connect()
      for (const { client } of this.#programs) client.handle({ type: 'flush' })
      this.world.settle()
      this.world.pass(LEASE / 2)
    }
    for (const program of this.#programs) this.#compare(program)
    this.#end()
  }

  /** When all is deleted, and everybody has left, nothing is kept. */
  #end(): void {
    const last = this.world.client()
    for (const name of this.model.objects.keys()) last.call(0, 'delete', { args: [name] })
    for (const { client } of [...this.#programs, { client: last }]) {
      client.connect()
      client.handle({ type: 'leave' })
    }
    this.world.pass(2 * LEASE)
    expect(this.world.manager.state.clients.size, 'clients that are left').to.equal(0)
    expect(this.world.manager.state.bytes, 'bytes that are kept').to.equal(0)
  }

  #choose(kinds: readonly Kind[]): Subject[] {
    const subjects: Subject[] = []
    for (const [place, kind] of kinds.entries()) {
      const option = OPTIONS[kind]?.(this.#rng)
      subjects.push({ kind, name: `o${place}`, option })
      if (kind !== 'condition' || this.#rng.integer(0, 1) === 0) continue
      const lock: Subject = { kind: 'rlock', name: `o${place}.lock`, option: undefined }
      subjects.splice(-1, 1, lock, { kind, name: `o${place}`, option: undefined, lock })
    }
    return subjects
  }

  #program(): Program {
    const client = this.world.client()
    const program: Program = { client, handles: new Map(), calls: new Map(), held: [], seen: 0 }
    for (const subject of this.#subjects) {
      this.#attach(program, subject)
      if (subject.kind === 'rlock') this.#attach(program, subject)
    }
    return program
  }

  #attach({ client, handles }: Program, subject: Subject): void {
    const { kind, name, option, lock } = subject
    const mine = handles.get(subject) ?? []
    const locks = lock && handles.get(lock)
    const values = kind === 'value' ? [bytes('first')] : []
    handles.set(subject, [...mine, client.attach(kind, name, locks?.at(-1) ?? option, values)])
  }

  // --- one step

  #step(): void {
    const rng = this.#rng
    const place = rng.integer(0, CLIENTS - 1)
    const program = this.#programs[place]!
    const { client } = program
    const dice = rng.integer(0, 99)
    if (dice < 62) this.#call(program)
    else if (dice < 66) this.#cancel(program)
    else if (dice < 72) client.cut()
    else if (dice < 82) client.connect()
    else if (dice < 85 || client.gone !== undefined) this.#replace(place)
    else if (dice < 86) this.#pause()
    else if (dice < 88) this.world.pass(rng.integer(0, 2 * LEASE))
    else if (dice < 94) this.world.pass(rng.integer(0, 60))
    // Messages arrive one by one, and a cut may come between any two of them.
    else for (let count = rng.integer(1, 4); count > 0; count--) client.deliver()
    if (rng.integer(0, 2) > 0) client.handle({ type: 'flush' })
  }

  #replace(place: number): void {
    this.#programs[place]!.client.kill()
    this.#programs[place] = this.#program()
  }

  /** The manager is stopped for so long that it can tell: nobody is lost by that. */
  #pause(): void {
    const { world } = this
    world.now = Math.max(world.now, world.manager.deadline ?? 0) + PAUSE_MS + 1
    world.handle({ type: 'wake' })
    world.pass(0)
  }

  #cancel({ client, calls }: Program): void {
    const waiting = [...calls.keys()].filter((request) => client.statusOf(request) === 'waits')
    const number = client.machine.numberOf(this.#oneOf(waiting) ?? 0)
    if (number !== undefined) client.add(0, 'cancel', { args: [number] })
  }

  #call(program: Program): void {
    this.#look(program)
    const rng = this.#rng
    const subject = this.#oneOf(this.#subjects)!
    const handle = this.#oneOf(program.handles.get(subject)!)!
    if (rng.integer(0, 79) === 0) {
      this.#say(program, subject, 0, 'delete', { args: [subject.name] })
      return
    }
    if (rng.integer(0, 39) === 0) this.#attach(program, subject)
    const held = program.held.filter((each) => each.subject === subject && each.handle === handle)
    const [op, init = {}] = CALLS[subject.kind]!(rng, {
      item: () => bytes(`${this.#items++}`),
      held: () => this.#oneOf(held)?.args,
      timeoutMs: this.#patience()
    })
    this.#say(program, subject, handle, op, init)
  }

  #say(program: Program, on: Subject, handle: number, op: Op, init: CallInit): void {
    const { client, calls } = program
    const request = client.add(handle, op, init)
    const key = `${client.name}.${client.generation}#${client.machine.numberOf(request)}`
    calls.set(request, { key, op, on })
  }

  /** No two waits end at the same instant, where nobody could say which is first. */
  #patience(): number | undefined {
    const dice = this.#rng.integer(0, 5)
    if (dice > 2) return undefined
    return dice === 0 ? 0 : this.#rng.integer(1, 100) + this.#items++ / 1e6
  }

  /** What it has been given since. */
  #look(program: Program): void {
    const { client, calls, held } = program
    const fresh = [...client.answers.values()].slice(program.seen)
    program.seen += fresh.length
    for (const { request, args, status } of fresh) {
      const call = calls.get(request)
      if (call === undefined || status !== 'ok' || ANSWERED_AT_ONCE.has(call.op)) continue
      for (const handle of program.handles.get(call.on)!) {
        if (args.length > 0) held.push({ subject: call.on, handle, args })
      }
    }
    held.splice(0, held.length - 12)
  }

  #oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : items[this.#rng.integer(0, items.length - 1)]
  }

  // --- what came of it

  #compare({ client, calls }: Program): void {
    for (const [request, { key, op, on }] of calls) {
      if (client.lost.has(request)) continue
      const answer = client.answers.get(request)
      // It was cut off for so long that it has given up.
      if (answer === undefined && client.gone !== undefined) continue
      const found = answer && { status: answer.status, args: answer.args, values: texts(answer) }
      const expected = this.model.answers.get(key)
      expect(found, `${op} of the ${on.kind} ${on.name}, call ${key}`).to.deep.equal(expected)
    }
  }
}
