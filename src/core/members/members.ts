/**
 * The members machine: who is in the network, and whom to dial.
 *
 * It hears of nodes by discovery and by the addresses it was given, dials them with growing waits
 * for as long as this node lives, and says who is alive, who left, and who failed. Whether a
 * connection is a member's is decided by the hello; what it is used for, elsewhere.
 */
import { unreachable } from '../assert.ts'
import type { Machine } from '../machine.ts'
import { Rng } from '../rng.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member, MembersEffect, MembersEvent } from './events.ts'
import { addressesOf, isJoined, listOf, Targets } from './targets.ts'
import type { Target } from './targets.ts'

/** The first wait after a failed dial; it doubles. */
export const REDIAL_MIN_MS = 200
/** The longest wait for a peer that discovery sees, or that a user named. */
export const REDIAL_MAX_MS = 5_000
/** The longest wait for a peer that nobody sees: it may have slept for an hour. */
export const REDIAL_UNSEEN_MAX_MS = 30_000
/** How long a sighting is news. */
export const SIGHTING_MS = 90_000
/** Of two nodes that see each other, one dials; the other waits this long before it does, too. */
export const YIELD_MS = 1_000
/** Answers of a node that left can still arrive for this long. */
export const LEFT_MS = 2_000
/** After so many failures, another peer may be at the address that a user named. */
export const FAILURES_AT_ADDRESS_MAX = 3

export class Members implements Machine<MembersEvent, MembersEffect> {
  readonly #self: NodeId
  readonly #rng: Rng
  readonly #targets = new Targets()
  #effects: MembersEffect[] = []

  constructor(self: NodeId, seed: number) {
    this.#self = self
    this.#rng = new Rng(seed)
  }

  /** Everybody ever heard of, this node excepted, up to a bound. */
  get members(): readonly Readonly<Member>[] {
    const members: Member[] = []
    for (const { member } of this.#targets.all()) if (member !== undefined) members.push(member)
    return members
  }

  get deadline(): Millis | undefined {
    let first: Millis | undefined
    for (const { dialAt } of this.#targets.all()) {
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
    const target = this.#targets.of(peer)
    if (target === undefined) return
    if (target.leftAt + LEFT_MS > now) return
    const sighted = listOf(addresses)
    const isNews = target.sightedAt + SIGHTING_MS < now || !sameList(target.sighted, sighted)
    target.sightedAt = now
    target.sighted = sighted
    tellAddresses(target)
    if (target.isConnected || target.isDialing) return
    if (isNews) target.failures = 0
    const wait = this.#self < peer || target.failures > 0 ? 0 : YIELD_MS
    if (isNews || target.dialAt === undefined) this.#dialAt(target, now + wait)
  }

  #onJoin(address: string, peer: NodeId | undefined, now: Millis): void {
    if (peer === this.#self) return
    const target = this.#targets.of(peer ?? address)
    if (target === undefined) return
    target.named = listOf([address], target.named)
    tellAddresses(target)
    if (!target.isConnected) target.dialAt = now
  }

  #onAdmitted(event: Extract<MembersEvent, { type: 'admitted' }>, now: Millis): void {
    const target = this.#targets.of(event.peer)
    if (target?.member === undefined) return
    const { member } = target
    target.isConnected = true
    target.failures = 0
    target.dialAt = undefined
    target.leftAt = -Infinity
    if (target.sightedAt === -Infinity) target.sightedAt = now
    if (event.address !== undefined && addressesOf(target).length === 0) {
      target.sighted = [event.address]
      tellAddresses(target)
    }
    const isNews = member.status !== 'alive'
    member.status = 'alive'
    member.info = event.info
    member.problem = undefined
    if (isNews) this.#changed(member)
  }

  #onRefused(peer: NodeId, reason: string, now: Millis): void {
    const target = this.#targets.of(peer)
    if (target?.member === undefined) return
    const isNews = target.member.problem !== reason
    target.member.problem = reason
    if (!target.isConnected) this.#dialLater(target, now)
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
    this.#dialLater(target, now)
  }

  /** It will announce itself when it comes back; only what a user named is asked for. */
  #awaitReturn(target: Target, now: Millis): void {
    target.dialAt = isJoined(target) ? now + REDIAL_MAX_MS : undefined
  }

  #onDialed(key: string, peer: NodeId | undefined, problem: string | undefined, now: Millis): void {
    const dialed = this.#targets.get(key)
    if (dialed === undefined) return
    dialed.isDialing = false
    let target: Target | undefined = dialed
    if (problem === undefined) {
      if (peer !== undefined && peer !== key) target = this.#merge(dialed, peer)
    } else if (dialed.member !== undefined) dialed.member.problem = problem
    // A connection is not enough: its hello decides. If nothing comes of it, try again.
    if (target !== undefined && !target.isConnected) this.#dialLater(target, now)
    if (problem !== undefined) this.#doubtAddress(dialed, now)
  }

  /** An address given by a user turned out to be this peer: from now on, the peer is the target. */
  #merge(found: Target, peer: NodeId): Target | undefined {
    this.#targets.delete(found.key)
    const target = peer === this.#self ? undefined : this.#targets.of(peer)
    if (target === undefined) return undefined
    target.foundAt = listOf([found.key], target.foundAt)
    tellAddresses(target)
    return target
  }

  /** Whoever is at the address now is who the user means: it may be another peer. */
  #doubtAddress(target: Target, now: Millis): void {
    if (target.foundAt.length === 0 || target.failures < FAILURES_AT_ADDRESS_MAX) return
    const { foundAt } = target
    target.foundAt = []
    tellAddresses(target)
    for (const address of foundAt) this.#onJoin(address, undefined, now)
  }

  #dialLater(target: Target, now: Millis): void {
    const isSeen = isJoined(target) || target.sightedAt + SIGHTING_MS > now
    const longest = isSeen ? REDIAL_MAX_MS : REDIAL_UNSEEN_MAX_MS
    const wait = Math.min(longest, REDIAL_MIN_MS * 2 ** Math.min(target.failures, 16))
    target.failures++
    target.dialAt = now + this.#rng.integer(wait >> 1, wait)
  }

  /** Not sooner after the last time than after a failure, whatever discovery says. */
  #dialAt(target: Target, at: Millis): void {
    const soonest = Math.max(at, target.dialedAt + REDIAL_MIN_MS)
    target.dialAt = Math.min(target.dialAt ?? Infinity, soonest)
  }

  #dialDue(now: Millis): void {
    for (const target of this.#targets.all()) {
      if (target.dialAt === undefined || target.dialAt > now) continue
      target.dialAt = undefined
      const addresses = addressesOf(target)
      if (target.isConnected || target.isDialing || addresses.length === 0) continue
      target.isDialing = true
      target.dialedAt = now
      this.#effects.push({ type: 'dial', target: target.key, addresses })
    }
  }

  #changed(member: Member): void {
    this.#effects.push({ type: 'changed', member })
  }
}

function tellAddresses(target: Target): void {
  if (target.member !== undefined) target.member.addresses = addressesOf(target)
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
