/**
 * The members machine: who is in the network, and whom to dial.
 *
 * It hears of nodes by discovery and by the addresses it was given, dials them with growing waits
 * for as long as this node lives, and says who is alive, who left, and who failed. Whether a
 * connection is a member's is decided by the hello; what it is used for, elsewhere.
 */
import { unreachable } from '../assert.ts'
import { ADDRESSES_MAX, MEMBERS_MAX } from '../limits.ts'
import type { Machine } from '../machine.ts'
import { Rng } from '../rng.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member, MembersEffect, MembersEvent } from './events.ts'

/** The first wait after a failed dial; it doubles. */
const REDIAL_MIN_MS = 200
/** The longest wait for a peer that discovery sees, or that a user named. */
const REDIAL_MAX_MS = 5_000
/** The longest wait for a peer that nobody sees: it may have slept for an hour. */
const REDIAL_UNSEEN_MAX_MS = 30_000
/** How long a sighting is news. */
const SIGHTING_MS = 90_000
/** Of two nodes that see each other, one dials; the other waits this long before it does, too. */
const YIELD_MS = 1_000
/** Answers of a node that left can still arrive for this long. */
const LEFT_MS = 2_000

interface Target {
  /** A peer id, or an address given by a user of which the peer is not known yet. */
  readonly key: string
  member: Member | undefined
  addresses: readonly string[]
  /** A user named it: it is dialed whether discovery sees it or not. */
  isJoined: boolean
  isConnected: boolean
  isDialing: boolean
  failures: number
  sightedAt: Millis
  leftAt: Millis
  /** Dial then; undefined: not at all. */
  dialAt: Millis | undefined
}

export class Members implements Machine<MembersEvent, MembersEffect> {
  readonly #self: NodeId
  readonly #rng: Rng
  readonly #targets = new Map<string, Target>()
  #effects: MembersEffect[] = []

  constructor(self: NodeId, seed: number) {
    this.#self = self
    this.#rng = new Rng(seed)
  }

  /** Everybody ever heard of, this node excepted, up to a bound. */
  get members(): readonly Readonly<Member>[] {
    const members: Member[] = []
    for (const { member } of this.#targets.values()) if (member !== undefined) members.push(member)
    return members
  }

  get deadline(): Millis | undefined {
    let first: Millis | undefined
    for (const { dialAt } of this.#targets.values()) {
      if (dialAt !== undefined && (first === undefined || dialAt < first)) first = dialAt
    }
    return first
  }

  handle(event: MembersEvent, now: Millis): MembersEffect[] {
    this.#handle(event, now)
    this.#dialDue(now)
    const effects = this.#effects
    this.#effects = []
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
        this.#onDialed(event.target, event.peer, event.problem, now)
        return
      case 'wake':
        return
      default:
        unreachable(event)
    }
  }

  #onSighted(peer: NodeId, addresses: readonly string[], now: Millis): void {
    if (peer === this.#self) return
    const target = this.#targetOf(peer)
    if (target === undefined) return
    if (target.leftAt + LEFT_MS > now) return
    const isNews = target.sightedAt + SIGHTING_MS < now || !sameList(target.addresses, addresses)
    target.sightedAt = now
    target.addresses = addresses.slice(0, ADDRESSES_MAX)
    if (target.member !== undefined) target.member.addresses = target.addresses
    if (target.isConnected || target.isDialing) return
    if (isNews) target.failures = 0
    const wait = this.#self < peer || target.failures > 0 ? 0 : YIELD_MS
    if (isNews || target.dialAt === undefined) this.#dialAt(target, now + wait)
  }

  #onJoin(address: string, peer: NodeId | undefined, now: Millis): void {
    const target = this.#targetOf(peer ?? address)
    if (target === undefined) return
    target.isJoined = true
    target.addresses = [...new Set([address, ...target.addresses])].slice(0, ADDRESSES_MAX)
    if (!target.isConnected) target.dialAt = now
  }

  #onAdmitted(event: Extract<MembersEvent, { type: 'admitted' }>, now: Millis): void {
    const target = this.#targetOf(event.peer)
    if (target?.member === undefined) return
    const { member } = target
    target.isConnected = true
    target.failures = 0
    target.dialAt = undefined
    target.leftAt = -Infinity
    if (target.sightedAt === -Infinity) target.sightedAt = now
    if (event.address !== undefined && target.addresses.length === 0) {
      target.addresses = [event.address]
    }
    const isNews = member.status !== 'alive'
    member.status = 'alive'
    member.info = event.info
    member.problem = undefined
    if (isNews) this.#changed(member)
  }

  #onRefused(peer: NodeId, reason: string, now: Millis): void {
    const target = this.#targetOf(peer)
    if (target?.member === undefined) return
    const isNews = target.member.problem !== reason
    target.member.problem = reason
    this.#dialLater(target, now)
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
    this.#dialLater(target, now)
  }

  #onDialed(key: string, peer: NodeId | undefined, problem: string | undefined, now: Millis): void {
    const target = this.#targets.get(key)
    if (target === undefined) return
    target.isDialing = false
    if (problem === undefined) {
      if (peer !== undefined && peer !== key) this.#merge(target, peer)
      // Its hello decides; if nothing comes of it, try again.
      if (!target.isConnected) this.#dialLater(target, now)
      return
    }
    if (target.member !== undefined) target.member.problem = problem
    if (!target.isConnected) this.#dialLater(target, now)
  }

  /** An address given by a user turned out to be this peer: from now on, the peer is the target. */
  #merge(target: Target, peer: NodeId): void {
    this.#targets.delete(target.key)
    if (peer === this.#self) return
    const known = this.#targetOf(peer)
    if (known === undefined) return
    known.isJoined = true
    known.addresses = [...new Set([...known.addresses, ...target.addresses])].slice(
      0,
      ADDRESSES_MAX
    )
    if (!known.isConnected) known.dialAt = target.dialAt
  }

  #dialLater(target: Target, now: Millis): void {
    const isSeen = target.isJoined || target.sightedAt + SIGHTING_MS > now
    const longest = isSeen ? REDIAL_MAX_MS : REDIAL_UNSEEN_MAX_MS
    const wait = Math.min(longest, REDIAL_MIN_MS * 2 ** Math.min(target.failures, 16))
    target.failures++
    target.dialAt = now + this.#rng.integer(wait >> 1, wait)
  }

  #dialAt(target: Target, at: Millis): void {
    target.dialAt = target.dialAt === undefined ? at : Math.min(target.dialAt, at)
  }

  #dialDue(now: Millis): void {
    for (const target of this.#targets.values()) {
      if (target.dialAt === undefined || target.dialAt > now) continue
      target.dialAt = undefined
      if (target.isConnected || target.isDialing || target.addresses.length === 0) continue
      target.isDialing = true
      this.#effects.push({ type: 'dial', target: target.key, addresses: target.addresses })
    }
  }

  #changed(member: Member): void {
    this.#effects.push({ type: 'changed', member })
  }

  /** The target of that key, made when it is new; undefined when there is no room for it. */
  #targetOf(key: string): Target | undefined {
    const known = this.#targets.get(key)
    if (known !== undefined) return known
    if (this.#targets.size >= MEMBERS_MAX && !this.#makeRoom()) return undefined
    const isAddress = key.startsWith('/')
    const target: Target = {
      key,
      member: isAddress ? undefined : newMember(key as NodeId),
      addresses: [],
      isJoined: false,
      isConnected: false,
      isDialing: false,
      failures: 0,
      sightedAt: -Infinity,
      leftAt: -Infinity,
      dialAt: undefined
    }
    this.#targets.set(key, target)
    return target
  }

  /** Forgets the one that was seen longest ago, of those that are not connected nor asked for. */
  #makeRoom(): boolean {
    let oldest: Target | undefined
    for (const target of this.#targets.values()) {
      if (target.isConnected || target.isJoined || target.isDialing) continue
      if (oldest === undefined || target.sightedAt < oldest.sightedAt) oldest = target
    }
    return oldest !== undefined && this.#targets.delete(oldest.key)
  }
}

function newMember(peer: NodeId): Member {
  return { peer, status: 'known', info: undefined, addresses: [], problem: undefined }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
