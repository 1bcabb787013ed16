/**
 * The members machine: who is in the network, and whom to dial.
 *
 * It hears of nodes by discovery, by the addresses it was given and from other members, dials them
 * with growing waits for as long as this node lives, and says who is alive, who left, and who
 * failed. Whether a connection is a member's is decided by the hello; what it is used for,
 * elsewhere.
 */
import { unreachable } from '../assert.ts'
import type { Machine } from '../machine.ts'
import { Rng } from '../rng.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member, MembersEffect, MembersEvent, PeerAddresses } from './events.ts'
import { dialBy, Dialing, REDIAL_MAX_MS, SIGHTING_MS } from './dialing.ts'
import { acquaintance, Exchange } from './exchange.ts'
import { believable } from './reach.ts'
import { isAlive, isJoined, listOf, locate, Targets } from './targets.ts'
import type { Target } from './targets.ts'

/** Of two nodes that see each other, one dials; the other waits this long before it does, too. */
export const YIELD_MS = 1_000
/** Who is told of a newcomer waits at least this long, and twice at most: it will dial itself. */
const TOLD_YIELD_MS = 500
/** Answers of a node that left can still arrive for this long. */
export const LEFT_MS = 2_000
/** After so many failures, another peer may be at the address that a user named. */
export const FAILURES_AT_ADDRESS_MAX = 3

type EventOf<Type extends MembersEvent['type']> = Extract<MembersEvent, { type: Type }>

export class Members implements Machine<MembersEvent, MembersEffect> {
  readonly #self: NodeId
  readonly #rng: Rng
  readonly #targets = new Targets()
  readonly #dialing: Dialing
  readonly #exchange: Exchange
  #effects: MembersEffect[] = []

  constructor(self: NodeId, seed: number) {
    this.#self = self
    this.#rng = new Rng(seed)
    this.#dialing = new Dialing(this.#targets, this.#rng)
    this.#exchange = new Exchange(this.#targets, this.#rng)
  }

  /** Everybody ever met or seen, this node excepted, up to a bound. */
  get members(): readonly Readonly<Member>[] {
    return this.#targets.members
  }

  get deadline(): Millis | undefined {
    const [ask, dial] = [this.#exchange.deadline, this.#dialing.deadline]
    return ask === undefined || dial === undefined ? (ask ?? dial) : Math.min(ask, dial)
  }

  handle(event: MembersEvent, now: Millis): MembersEffect[] {
    this.#handle(event, now)
    const effects = this.#effects
    this.#effects = []
    effects.push(...this.#dialing.due(now), ...this.#exchange.due(now))
    return effects
  }

  #handle(event: MembersEvent, now: Millis): void {
    switch (event.type) {
      case 'sighted':
        this.#onSighted(event.peer, event.addresses, now)
        return
      case 'join':
        this.#onJoin(event.address, event.peer, now)
        return
      case 'admitted':
        this.#onAdmitted(event, now)
        return
      case 'refused':
        this.#onRefused(event.peer, event.reason, now)
        return
      case 'gone':
        this.#onGone(event.peer)
        return
      case 'goodbye':
        this.#onGoodbye(event.peer, now)
        return
      case 'disconnected':
        this.#onDisconnected(event.peer, now)
        return
      case 'dialed':
        this.#onDialed(event, now)
        return
      case 'asked':
        this.#onAsked(event, now)
        return
      case 'answered':
        this.#onTold(event.peer, event.told, 0, now)
        return
      case 'wake':
        return
      default:
        unreachable(event)
    }
  }

  #onSighted(peer: NodeId, addresses: readonly string[], now: Millis): void {
    if (peer === this.#self) return
    const target = this.#targets.obtain(peer)
    if (target === undefined) return
    if (target.leftAt + LEFT_MS > now) return
    const sighted = listOf(addresses)
    const isNews = target.sightedAt + SIGHTING_MS < now || !sameList(target.sighted, sighted)
    target.sightedAt = now
    target.isHearsay = false
    locate(target, { sighted })
    if (target.isConnected || target.isDialing) return
    if (isNews) target.failures = 0
    const wait = this.#self < peer || target.failures > 0 ? 0 : YIELD_MS
    if (isNews || target.dialAt === undefined) dialBy(target, now + wait)
  }

  #onJoin(address: string, peer: NodeId | undefined, now: Millis): void {
    if (peer === this.#self) return
    const target = this.#targets.obtain(peer ?? address)
    if (target === undefined) return
    target.isHearsay = false
    locate(target, { named: listOf([address], target.named) })
    if (!target.isConnected) target.dialAt = now
  }

  #onAdmitted({ peer, info, place: at, listening }: EventOf<'admitted'>, now: Millis): void {
    const target = this.#targets.obtain(peer)
    if (target?.member === undefined) return
    const how = acquaintance(target, at)
    const isNews = !isAlive(target)
    target.isConnected = true
    target.isHearsay = false
    target.failures = 0
    target.dialAt = undefined
    target.leftAt = -Infinity
    if (target.sightedAt === -Infinity) target.sightedAt = now
    const reached = at.isDialed ? at.address : target.reached
    locate(target, { place: at, reached, listening: listOf(listening), heard: [] })
    target.member.status = 'alive'
    target.member.info = info
    target.member.problem = undefined
    if (!isNews) return
    this.#changed(target.member)
    if (isAlive(target)) this.#effects.push(...this.#exchange.onAlive(target, how, now))
  }

  #onRefused(peer: NodeId, reason: string, now: Millis): void {
    const target = this.#targets.obtain(peer)
    if (target?.member === undefined) return
    const isNews = target.member.problem !== reason
    target.member.problem = reason
    if (!target.isConnected) this.#dialing.later(target, now)
    if (isNews) this.#changed(target.member)
  }

  /** Anybody can say this in its name: it only makes us ask less often. */
  #onGone(peer: NodeId): void {
    const target = this.#targets.get(peer)
    if (target?.isConnected === false) target.sightedAt = -Infinity
  }

  #onGoodbye(peer: NodeId, now: Millis): void {
    const target = this.#targets.get(peer)
    if (target?.member === undefined || target.member.status === 'left') return
    target.leftAt = now
    target.member.status = 'left'
    this.#awaitReturn(target, now)
    this.#changed(target.member)
  }

  #onDisconnected(peer: NodeId, now: Millis): void {
    const target = this.#targets.get(peer)
    if (target?.isConnected !== true || target.member === undefined) return
    target.isConnected = false
    if (target.member.status === 'left') {
      this.#awaitReturn(target, now)
      return
    }
    target.member.status = 'failed'
    this.#changed(target.member)
    this.#dialing.later(target, now)
  }

  /** It will announce itself when it comes back; only what a user named is asked for. */
  #awaitReturn(target: Target, now: Millis): void {
    target.isHearsay = !isJoined(target)
    target.dialAt = target.isHearsay ? undefined : now + REDIAL_MAX_MS
  }

  #onDialed({ target: key, peer, problem }: EventOf<'dialed'>, now: Millis): void {
    const dialed = this.#targets.get(key)
    if (dialed?.isDialing !== true) return
    this.#dialing.ended(dialed)
    const isFound = dialed.member === undefined && peer !== undefined
    const target = isFound ? this.#merge(dialed, peer) : dialed
    if (problem !== undefined && dialed.member !== undefined) dialed.member.problem = problem
    // A connection is not enough: its hello decides. If nothing comes of it, try again.
    if (target !== undefined && !target.isConnected) this.#dialing.later(target, now)
    if (problem !== undefined) this.#doubtAddress(dialed, now)
  }

  /** An address given by a user turned out to be this peer: from now on, the peer is the target. */
  #merge(found: Target, peer: NodeId): Target | undefined {
    this.#targets.delete(found.key)
    const target = peer === this.#self ? undefined : this.#targets.obtain(peer)
    if (target === undefined) return undefined
    target.isHearsay = false
    locate(target, { foundAt: listOf([found.key], target.foundAt) })
    return target
  }

  /** Whoever is at the address now is who the user means: it may be another peer. */
  #doubtAddress(target: Target, now: Millis): void {
    if (target.foundAt.length === 0 || target.failures < FAILURES_AT_ADDRESS_MAX) return
    const { foundAt } = target
    locate(target, { foundAt: [] })
    if (target.member?.status === 'left') this.#awaitReturn(target, now)
    for (const address of foundAt) this.#onJoin(address, undefined, now)
  }

  #onAsked({ ask, peer, question: { have, told } }: EventOf<'asked'>, now: Millis): void {
    const asker = this.#targets.get(peer)
    const isAsking = have !== undefined && isAlive(asker)
    const answer = isAsking ? this.#exchange.onAsked(asker, have, now) : []
    this.#effects.push({ type: 'answer', ask, told: answer })
    this.#onTold(peer, told, this.#rng.integer(TOLD_YIELD_MS, 2 * TOLD_YIELD_MS), now)
  }

  /** A member says of others that it is connected to them. */
  #onTold(peer: NodeId, told: readonly PeerAddresses[], wait: Millis, now: Millis): void {
    const teller = this.#targets.get(peer)
    if (!isAlive(teller)) return
    let room = this.#targets.hearsayRoom
    for (const each of told) {
      if (each.peer === this.#self) continue
      const known = this.#targets.get(each.peer)
      const addresses = believable(teller.place, each.addresses)
      if (addresses.length === 0 || (known === undefined && room-- <= 0)) continue
      const target = known ?? this.#newHearsay(each.peer)
      if (target !== undefined) this.#onHeard(target, addresses, wait, now)
    }
  }

  #newHearsay(peer: NodeId): Target | undefined {
    const target = this.#targets.obtain(peer)
    if (target !== undefined) target.isHearsay = true
    return target
  }

  #onHeard(target: Target, heard: readonly string[], wait: Millis, now: Millis): void {
    if (target.isConnected || target.leftAt + LEFT_MS > now) return
    target.heardAt = now
    locate(target, { heard })
    // What is due later stays so: hearsay alone is no reason to dial more often.
    if (!target.isDialing && target.dialAt === undefined) target.dialAt = now + wait
  }

  #changed(member: Member): void {
    this.#effects.push({ type: 'changed', member })
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
