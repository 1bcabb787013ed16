/**
 * The members machine between discovery, the network, and those who want to know who is there.
 *
 * Also the owner of the network's questions: what this node says in its hello, and whom it admits.
 */
import { toError } from '../core/errors.ts'
import type {
  Member,
  MembersEffect,
  MembersEvent,
  PeerAddresses,
  PeersQuestion,
  Place
} from '../core/members/events.ts'
import { Members } from '../core/members/members.ts'
import type { NodeId } from '../core/types.ts'
import type { Network } from '../net/network.ts'
import { PROTOCOL_NEWEST, PROTOCOL_OLDEST } from '../wire/hello.ts'
import type { Hello } from '../wire/hello.ts'
import { issueCertificate, verifyCertificate } from '../trust/certificate.ts'
import type { Credentials } from '../trust/credentials.ts'
import { isFull } from '../trust/credentials.ts'
import { Driver } from './driver.ts'

export interface MembershipInit {
  readonly credentials: Credentials
  readonly boot: string
  readonly name: string
  readonly program: string
  readonly isWorker: boolean
  /** Names the record of this master's tasks; undefined for a node that is no master. */
  readonly epoch: string | undefined
  /** The name of the manager that is served here. */
  readonly manager?: string | undefined
  onChanged(member: Readonly<Member>): void
  /** An address that a user named could not be dialed; it will be tried again. */
  onUnreachable(address: string, problem: string): void
  /** A peer is in reach; its epoch if it is a master, whose certificate was found valid then. */
  onReached(peer: NodeId, epoch: string | undefined): void
  onDisconnected(peer: NodeId): void
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

/** What it needs of the network. */
type Connections = Pick<Network, 'id' | 'addressesToTell' | 'askPeers' | 'connectedPeers' | 'dial'>
type Answer = (told: readonly PeerAddresses[]) => void

export class Membership {
  readonly #init: MembershipInit
  #network: Connections | undefined
  #machine: Members | undefined
  #driver: Driver<MembersEvent, MembersEffect> | undefined
  /** Questions of members that the machine has not answered yet. */
  readonly #questions = new Map<number, Answer>()
  #nextQuestion = 1
  /** Addresses that a user named. */
  readonly #named = new Set<string>()

  constructor(init: MembershipInit) {
    this.#init = init
  }

  /** Begins to dial. */
  start(network: Connections, seed: number): void {
    this.#network = network
    this.#machine = new Members(network.id, seed)
    this.#driver = new Driver(this.#machine, (effects) => effects.forEach((e) => this.#perform(e)))
  }

  stop(): void {
    this.#driver?.stop()
    this.#driver = undefined
    for (const answer of this.#questions.values()) answer([])
    this.#questions.clear()
  }

  get members(): readonly Readonly<Member>[] {
    return this.#machine?.members ?? []
  }

  onSighting(peer: NodeId, addresses: readonly string[]): void {
    this.#driver?.dispatch({ type: 'sighted', peer, addresses })
  }

  onGone(peer: NodeId): void {
    this.#driver?.dispatch({ type: 'gone', peer })
  }

  /** Dials an address named by a user, for as long as it takes. */
  join(address: string): void {
    this.#named.add(address)
    const peer = /\/p2p\/([A-Za-z0-9]+)$/.exec(address)?.[1] as NodeId | undefined
    this.#driver?.dispatch({ type: 'join', address, peer })
  }

  // --- what the network asks and tells

  hello(): Hello {
    const { credentials, boot, name, program, isWorker, epoch } = this.#init
    return {
      oldest: PROTOCOL_OLDEST,
      newest: PROTOCOL_NEWEST,
      program,
      boot,
      name,
      isWorker,
      epoch,
      clock: Date.now(),
      certificate: epoch === undefined ? undefined : this.#certificate(credentials),
      addresses: this.#network?.addressesToTell ?? [],
      manager: this.#init.manager
    }
  }

  /** Why a peer that says this is not admitted. */
  check(peer: NodeId, hello: Hello): string | undefined {
    if (hello.oldest > PROTOCOL_NEWEST || hello.newest < PROTOCOL_OLDEST) {
      const theirs = `${hello.program} speaks protocol ${hello.oldest} to ${hello.newest}`
      const ours = `${this.#init.program} speaks ${PROTOCOL_OLDEST} to ${PROTOCOL_NEWEST}`
      return `the versions do not fit: ${theirs}, ${ours}; update the older one`
    }
    if (hello.epoch === undefined) return undefined
    if (hello.certificate === undefined) {
      return 'it wants to be a master and holds only a work token; see `p2pjobs token --full`'
    }
    const { rootPublicKey } = this.#init.credentials
    const verdict = verifyCertificate(hello.certificate, rootPublicKey, peer, Date.now())
    return verdict === 'valid' ? undefined : verdict.problem
  }

  onAdmitted(peer: NodeId, hello: Hello, place: Place): void {
    const { name, program, isWorker, epoch, addresses, manager } = hello
    const info = { name, program, isWorker, isMaster: epoch !== undefined, manager }
    this.#driver?.dispatch({ type: 'admitted', peer, info, place, listening: addresses })
    this.#init.onReached(peer, epoch)
  }

  onRefused(peer: NodeId, reason: string): void {
    this.#driver?.dispatch({ type: 'refused', peer, reason })
  }

  onGoodbye(peer: NodeId): void {
    this.#driver?.dispatch({ type: 'goodbye', peer })
  }

  onDisconnected(peer: NodeId): void {
    this.#driver?.dispatch({ type: 'disconnected', peer })
    this.#init.onDisconnected(peer)
  }

  /** What to answer a member that asks whom we know, or tells of others. */
  async onPeersAsked(peer: NodeId, question: PeersQuestion): Promise<readonly PeerAddresses[]> {
    const driver = this.#driver
    if (driver === undefined) return []
    const ask = this.#nextQuestion++
    const answer = Promise.withResolvers<readonly PeerAddresses[]>()
    this.#questions.set(ask, answer.resolve)
    driver.dispatch({ type: 'asked', ask, peer, question })
    return await answer.promise
  }

  #certificate(credentials: Credentials): Uint8Array | undefined {
    if (!isFull(credentials) || this.#network === undefined) return undefined
    return issueCertificate(credentials.rootSeed, this.#network.id, Date.now())
  }

  #perform(effect: MembersEffect): void {
    switch (effect.type) {
      case 'changed':
        this.#init.onChanged(effect.member)
        return
      case 'dial':
        void this.#dial(effect.target, effect.addresses)
        return
      case 'ask':
        void this.#ask(effect.peer, effect.question)
        return
      case 'answer':
        this.#questions.get(effect.ask)?.(effect.told)
        this.#questions.delete(effect.ask)
    }
  }

  async #ask(peer: NodeId, question: PeersQuestion): Promise<void> {
    try {
      const told = await this.#network?.askPeers(peer, question)
      if (told !== undefined) this.#driver?.dispatch({ type: 'answered', peer, told })
    } catch (error) {
      // One that goes away meanwhile is no trouble, and others will be asked; nor is our own end.
      if (this.#driver === undefined || !this.#isHere(peer)) return
      this.#init.onProblem(`${peer} does not say whom it knows: ${toError(error).message}`)
    }
  }

  /** It has neither said goodbye, behind which its connection may still be open, nor vanished. */
  #isHere(peer: NodeId): boolean {
    const hasLeft = this.members.some((member) => member.peer === peer && member.status === 'left')
    return !hasLeft && this.#network?.connectedPeers.includes(peer) === true
  }

  async #dial(target: string, addresses: readonly string[]): Promise<void> {
    const known = target.startsWith('/') ? undefined : (target as NodeId)
    let peer: NodeId | undefined
    let problem: string | undefined
    try {
      peer = await this.#network?.dial(addresses, known)
    } catch (error) {
      problem = toError(error).message
      const named = addresses.find((address) => this.#named.has(address))
      if (named !== undefined && this.#driver !== undefined)
        this.#init.onUnreachable(named, problem)
    }
    this.#driver?.dispatch({ type: 'dialed', target, peer, problem })
  }
}
