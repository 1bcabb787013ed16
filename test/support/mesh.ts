/**
 * Members machines on hosts of a made-up network, in virtual time: dials, hellos and questions
 * take their time, firewalls swallow, and who vanishes says nothing.
 */
import type {
  MembersEffect,
  MembersEvent,
  MemberStatus,
  PeerAddresses,
  PeersQuestion
} from '../../src/core/members/events.ts'
import { Members } from '../../src/core/members/members.ts'
import type { Millis, NodeId } from '../../src/core/types.ts'
import { Clock } from '../sim/clock.ts'

const DIAL_MS = 5
const MESSAGE_MS = 2
/** A dial into a firewall. */
const SWALLOWED_MS = 2_000

export interface NodeInit {
  /** `a` is on host 10.0.0.1, and so on; several nodes can be on one. */
  readonly host?: number
  readonly isFirewalled?: boolean
  /** It listens on loopback only. */
  readonly isLocal?: boolean
  /** It runs nothing. */
  readonly isGuest?: boolean
}

/** What a node did in one second. */
export interface Second {
  dials: number
  questions: number
  /** Members that it told others of, or said it has. */
  entries: number
}

export class MeshNode {
  readonly id: NodeId
  readonly host: string
  readonly port: number
  readonly isFirewalled: boolean
  readonly isLocal: boolean
  readonly isWorker: boolean
  readonly machine: Members
  readonly connected = new Set<MeshNode>()
  readonly seconds = new Map<number, Second>()
  readonly told: PeerAddresses[] = []
  isGone = false
  dialing = 0
  dialingMost = 0

  constructor(number: number, init: NodeInit) {
    this.id = `12D3KooW${String(number).padStart(44, 'z')}` as NodeId
    this.host = `10.0.${(init.host ?? number) >> 8}.${(init.host ?? number) & 255}`
    this.port = 4_000 + number
    this.isFirewalled = init.isFirewalled ?? false
    this.isLocal = init.isLocal ?? false
    this.isWorker = init.isGuest !== true
    this.machine = new Members(this.id, number)
  }

  get listening(): string[] {
    const local = `/ip4/127.0.0.1/tcp/${this.port}`
    return this.isLocal ? [local] : [`/ip4/${this.host}/tcp/${this.port}`, local]
  }

  statusOf(other: MeshNode): MemberStatus | undefined {
    return this.machine.members.find(({ peer }) => peer === other.id)?.status
  }
}

export class Mesh {
  readonly #clock = new Clock()
  readonly nodes: MeshNode[] = []
  #nextAsk = 1
  readonly #answers = new Map<string, (told: readonly PeerAddresses[]) => void>()

  get now(): Millis {
    return this.#clock.now
  }

  /** Adds a node; the hosts of firewalled ones let nobody in. */
  add(init: NodeInit = {}): MeshNode {
    const node = new MeshNode(this.nodes.length + 1, init)
    this.nodes.push(node)
    return node
  }

  /** A user names one member to another. */
  join(node: MeshNode, to: MeshNode): void {
    const address = `${to.listening[0] ?? ''}/p2p/${to.id}`
    this.does(node, { type: 'join', address, peer: to.id })
  }

  does(node: MeshNode, event: MembersEvent): void {
    if (node.isGone) return
    for (const effect of node.machine.handle(event, this.now)) this.#perform(node, effect)
    this.#plan(node)
  }

  /** The node ends without a word. */
  vanish(node: MeshNode): void {
    node.isGone = true
    for (const other of [...node.connected]) this.cut(node, other)
  }

  /** The connection of two nodes ends. */
  cut(one: MeshNode, other: MeshNode): void {
    one.connected.delete(other)
    other.connected.delete(one)
    this.does(one, { type: 'disconnected', peer: other.id })
    this.does(other, { type: 'disconnected', peer: one.id })
  }

  passes(span: Millis): void {
    const end = this.now + span
    while (this.#clock.step(end));
    this.#clock.at(end, () => undefined)
    this.#clock.step(end)
  }

  /** Passes time until it is true; the time that took. */
  until(isTrue: () => boolean, most: Millis): Millis {
    const since = this.now
    while (!isTrue()) {
      if (this.now - since > most) throw new Error(`not within ${most} ms`)
      this.passes(50)
    }
    return this.now - since
  }

  /** Everybody is connected to everybody. */
  get isWhole(): boolean {
    const living = this.nodes.filter(({ isGone }) => !isGone)
    return living.every(({ connected }) => connected.size === living.length - 1)
  }

  #plan(node: MeshNode): void {
    const { deadline } = node.machine
    if (deadline === undefined) return
    this.#clock.at(deadline, () => {
      const due = node.machine.deadline
      if (due !== undefined && due <= this.now) this.does(node, { type: 'wake' })
    })
  }

  #perform(node: MeshNode, effect: MembersEffect): void {
    switch (effect.type) {
      case 'changed':
        return
      case 'dial':
        this.#dial(node, effect.target, effect.addresses)
        return
      case 'ask':
        this.#ask(node, effect.peer, effect.question)
        return
      case 'answer': {
        const key = `${node.id} ${effect.ask}`
        this.#answers.get(key)?.(effect.told)
        this.#answers.delete(key)
      }
    }
  }

  #dial(node: MeshNode, target: string, addresses: readonly string[]): void {
    secondOf(node, this.now).dials++
    node.dialing++
    node.dialingMost = Math.max(node.dialingMost, node.dialing)
    const found = this.#at(node, target, addresses)
    const isSwallowed = found === undefined || (found.isFirewalled && found.host !== node.host)
    this.#clock.after(isSwallowed ? SWALLOWED_MS : DIAL_MS, () => {
      node.dialing--
      const isIn = !isSwallowed && !found.isGone && !node.isGone
      if (isIn) this.#connect(node, found)
      const problem = isIn ? undefined : 'no answer'
      this.does(node, { type: 'dialed', target, peer: isIn ? found.id : undefined, problem })
    })
  }

  #connect(dialer: MeshNode, other: MeshNode): void {
    dialer.connected.add(other)
    other.connected.add(dialer)
    const isHere = dialer.host === other.host
    const at = (node: MeshNode, isDialed: boolean): MembersEvent => ({
      type: 'admitted',
      peer: node.id,
      info: {
        ...{ name: String(node.port), program: 'mesh' },
        ...{ isMaster: false, isWorker: node.isWorker }
      },
      place: {
        address: `/ip4/${node.host}/tcp/${isDialed ? node.port : 50_000}`,
        isDialed,
        isHere
      },
      listening: node.listening
    })
    this.does(other, at(dialer, false))
    this.does(dialer, at(other, true))
  }

  #ask(node: MeshNode, peer: NodeId, question: PeersQuestion): void {
    const second = secondOf(node, this.now)
    second.questions++
    second.entries += (question.have?.length ?? 0) + question.told.length
    node.told.push(...question.told)
    const asked = this.nodes.find(({ id }) => id === peer)
    if (asked === undefined || !node.connected.has(asked)) return
    const ask = this.#nextAsk++
    this.#answers.set(`${asked.id} ${ask}`, (told) => {
      secondOf(asked, this.now).entries += told.length
      asked.told.push(...told)
      this.#clock.after(MESSAGE_MS, () => this.does(node, { type: 'answered', peer, told }))
    })
    this.#clock.after(MESSAGE_MS, () => {
      if (node.connected.has(asked)) {
        this.does(asked, { type: 'asked', ask, peer: node.id, question })
      }
    })
  }

  #at(from: MeshNode, target: string, addresses: readonly string[]): MeshNode | undefined {
    return this.nodes.find(
      (node) =>
        node.id === target &&
        !node.isGone &&
        addresses.some((address) => {
          const bare = address.replace(/\/p2p\/.*/, '')
          const isLocal = bare.startsWith('/ip4/127.')
          return node.listening.includes(bare) && (!isLocal || node.host === from.host)
        })
    )
  }
}

function secondOf({ seconds }: MeshNode, now: Millis): Second {
  const at = Math.floor(now / 1_000)
  const second = seconds.get(at) ?? { dials: 0, questions: 0, entries: 0 }
  seconds.set(at, second)
  return second
}
