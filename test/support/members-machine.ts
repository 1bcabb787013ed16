/**
 * A members machine to talk to in tests, in virtual time. What many of them make of what they tell
 * each other is for mesh.ts.
 */
import { expect } from 'chai'
import type { Member, MembersEffect, MembersEvent } from '../../src/core/members/events.ts'
import { Members } from '../../src/core/members/members.ts'
import { bareAddress } from '../../src/core/members/reach.ts'
import type { Millis, NodeId } from '../../src/core/types.ts'

export const SELF = 'm' as NodeId
/** Of two nodes the one with the lesser id dials at once. */
export const GREATER = 'z' as NodeId
export const LESSER = 'a' as NodeId

/** Where a peer is, unless a test says otherwise. */
export function addressOf(peer: string): string {
  return `/ip4/10.0.0.1/tcp/${peer.charCodeAt(0)}/p2p/${peer}`
}

export class TestMembers {
  readonly machine = new Members(SELF, 7)
  now: Millis = 1_000_000
  #dials: { target: string; addresses: readonly string[]; at: Millis }[] = []
  #changes: string[] = []
  /** Targets that were dialed and did not answer, and where. */
  readonly dialing = new Map<string, readonly string[]>()

  does(event: MembersEvent): void {
    for (const effect of this.machine.handle(event, this.now)) this.#note(effect)
  }

  #note(effect: MembersEffect): void {
    if (effect.type === 'changed') {
      this.#changes.push(`${effect.member.peer} ${effect.member.status}`)
      return
    }
    if (effect.type !== 'dial') return
    const { target, addresses } = effect
    expect(this.dialing.has(target), `${target} is dialed twice at once`).to.equal(false)
    this.dialing.set(target, addresses)
    this.#dials.push({ target, addresses, at: this.now })
  }

  /** Lets time pass. Every dial fails at once, unless `answers` is false: then none is answered. */
  passes(span: Millis, answers = true): void {
    const end = this.now + span
    for (;;) {
      if (answers) this.failAll()
      const { deadline } = this.machine
      if (deadline === undefined || deadline > end) break
      this.now = Math.max(this.now, deadline)
      this.does({ type: 'wake' })
    }
    this.now = end
  }

  failAll(problem = 'nobody is there'): void {
    for (const target of [...this.dialing.keys()]) this.fails(target, problem)
  }

  fails(target: string, problem = 'nobody is there'): void {
    this.dialing.delete(target)
    this.does({ type: 'dialed', target, peer: undefined, problem })
  }

  /** The dial of a target connected, at its first address, and the peer was admitted. */
  connects(target: string, peer: NodeId): void {
    const address = this.dialing.get(target)?.[0]
    expect(address, `${target} was not dialed`).to.be.a('string')
    this.dialing.delete(target)
    this.isAdmitted(peer, { dialedAt: bareAddress(address!) })
    this.does({ type: 'dialed', target, peer, problem: undefined })
  }

  sights(peer: NodeId, addresses: readonly string[] = [addressOf(peer)]): void {
    this.does({ type: 'sighted', peer, addresses })
  }

  /** It was dialed somewhere, or dialed us, and says where it listens. */
  isAdmitted(peer: NodeId, how: { dialedAt?: string; listening?: readonly string[] } = {}): void {
    const info = { name: `name of ${peer}`, isMaster: false, isWorker: true, program: 'p2pjobs 1' }
    const { dialedAt, listening = [] } = how
    const address = dialedAt ?? '/ip4/10.0.0.1/tcp/50000'
    const place = { address, isDialed: dialedAt !== undefined, isHere: false }
    this.does({ type: 'admitted', peer, info, place, listening })
  }

  /** A member says that it is connected to another. */
  isTold(by: NodeId, peer: NodeId, addresses: readonly string[] = ['/ip4/10.0.0.2/tcp/1']): void {
    this.does({ type: 'answered', peer: by, told: [{ peer, addresses }] })
  }

  /** Takes out what was dialed: the targets in order. */
  takeDials(): string[] {
    return this.takeDialsAt().map(({ target }) => target)
  }

  takeDialsAt(): { target: string; addresses: readonly string[]; at: Millis }[] {
    const dials = this.#dials
    this.#dials = []
    return dials
  }

  /** Takes out what was dialed: the waits between one dial and the next. */
  takeWaits(): number[] {
    const dials = this.takeDialsAt()
    return dials.slice(1).map(({ at }, place) => at - (dials[place]?.at ?? 0))
  }

  takeChanges(): string[] {
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  member(peer: NodeId): Readonly<Member> | undefined {
    return this.machine.members.find((member) => member.peer === peer)
  }
}
