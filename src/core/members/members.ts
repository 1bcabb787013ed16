/**
 * The members machine: who is in the network, and whom to dial.
 *
 * It hears of nodes by discovery, by the addresses it was given and from other members, dials them
 * with growing waits for as long as this node lives, and says who is alive, who left, and who
 * failed. Whether a connection is a member's is decided by the hello; what it is used for,
 * elsewhere.
 */
import { unreachable } from '../assert.ts'
import { ADDRESSES_MAX } from '../limits.ts'
import type { Machine } from '../machine.ts'
import { Rng } from '../rng.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member, MembersEffect, MembersEvent, PeerAddresses, Place } from './events.ts'
import { dialBy, Dialing, REDIAL_MAX_MS, SIGHTING_MS } from './dialing.ts'
import { Exchange } from './exchange.ts'
import type { Acquaintance } from './exchange.ts'
import { believable } from './reach.ts'
import { isAlive, locate, Targets } from './targets.ts'
import type { Target } from './targets.ts'

/** Of two nodes that see each other, one dials; the other waits this long before it does, too. */
const YIELD_MS = 1_000
/** Who is told of a newcomer waits at least this long, and twice at most: it will dial itself. */
const TOLD_YIELD_MS = 500
/** Answers of a node that left can still arrive for this long. */
const LEFT_MS = 2_000

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

  /** Everybody ever heard of, this node excepted, up to a bound. */
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
    const isNews = target.sightedAt + SIGHTING_MS < now || !sameList(target.addresses, addresses)
    target.sightedAt = now
    target.isHearsay = false
    locate(target, { addresses: addresses.slice(0, ADDRESSES_MAX) })
    if (target.isConnected || target.isDialing) return
    if (isNews) target.failures = 0
    const wait = this.#self < peer || target.failures > 0 ? 0 : YIELD_MS
    if (isNews || target.dialAt === undefined) dialBy(target, now + wait)
  }

  #onJoin(address: string, peer: NodeId | undefined, now: Millis): void {
    const target = this.#targets.obtain(peer ?? address)
    if (target === undefined) return
    target.isJoined = true
    target.isHearsay = false
    locate(target, { addresses: merged([address], target.addresses) })
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
    locate(target, { place: at, reached, listening: listening.slice(0, ADDRESSES_MAX), heard: [] })
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
    this.#dialing.later(target, now)
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
    // It will announce itself when it comes back; only what a user named is asked for.
    target.dialAt = target.isJoined ? now + REDIAL_MAX_MS : undefined
    target.isHearsay = !target.isJoined
    target.member.status = 'left'
    this.#changed(target.member)
  }

  #onDisconnected(peer: NodeId, now: Millis): void {
    const target = this.#targets.get(peer)
    if (target?.isConnected !== true || target.member === undefined) return
    target.isConnected = false
    if (target.member.status === 'left') return
    target.member.status = 'failed'
    this.#changed(target.member)
    this.#dialing.later(target, now)
  }

  #onDialed({ target: key, peer, problem }: EventOf<'dialed'>, now: Millis): void {
    const target = this.#targets.get(key)
    this.#dialing.ended()
    if (target === undefined) return
    target.isDialing = false
    if (problem === undefined) {
      if (peer !== undefined && peer !== key) this.#merge(target, peer)
      // Its hello decides; if nothing comes of it, try again.
      if (!target.isConnected) this.#dialing.later(target, now)
      return
    }
    if (target.member !== undefined) target.member.problem = problem
    if (!target.isConnected) this.#dialing.later(target, now)
  }

  /** An address given by a user turned out to be this peer: from now on, the peer is the target. */
  #merge(target: Target, peer: NodeId): void {
    this.#targets.delete(target.key)
    if (peer === this.#self) return
    const known = this.#targets.obtain(peer)
    if (known === undefined) return
    known.isJoined = true
    known.isHearsay = false
    locate(known, { addresses: merged(known.addresses, target.addresses) })
    if (!known.isConnected) known.dialAt = target.dialAt
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

function acquaintance(target: Target, { isDialed }: Place): Acquaintance {
  if (!isDialed || target.isHearsay) return 'told'
  // Whom nobody saw was dialed at an address that a user named without its peer id.
  return target.isJoined || target.sightedAt === -Infinity ? 'named' : 'seen'
}

function merged(first: readonly string[], further: readonly string[]): string[] {
  return [...new Set([...first, ...further])].slice(0, ADDRESSES_MAX)
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
