/**
 * All that a node may dial: members it met or heard of, and addresses that a user named and whose
 * peer is not known yet.
 */
import { ADDRESSES_MAX, HEARD_MAX, MEMBERS_MAX } from '../limits.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member } from './events.ts'
import { dialable } from './reach.ts'
import type { Whereabouts } from './reach.ts'

export interface Target extends Whereabouts {
  /** A peer id, or an address given by a user of which the peer is not known yet. */
  readonly key: string
  readonly member: Member | undefined
  /** Nobody but other members says that it is there now. */
  isHearsay: boolean
  isConnected: boolean
  isDialing: boolean
  failures: number
  sightedAt: Millis
  /** Another member said then that it is connected to it. */
  heardAt: Millis
  leftAt: Millis
  /** It asked then whom we know. */
  questionAt: Millis
  dialedAt: Millis
  /** Dial then; undefined: not at all. */
  dialAt: Millis | undefined
}

/** A target that is a member. */
export type MemberTarget = Target & { member: Member }

export class Targets {
  readonly #targets = new Map<string, Target>()

  get(key: string): Target | undefined {
    return this.#targets.get(key)
  }

  [Symbol.iterator](): IterableIterator<Target> {
    return this.#targets.values()
  }

  delete(key: string): void {
    this.#targets.delete(key)
  }

  /** Everybody ever met or seen, up to a bound. Of whom only others tell is nobody yet. */
  get members(): Member[] {
    const members: Member[] = []
    for (const { member, isHearsay } of this.#targets.values()) {
      const isRumour = isHearsay && member?.status === 'known'
      if (member !== undefined && !isRumour) members.push(member)
    }
    return members
  }

  /** The members with a connection. */
  get alive(): MemberTarget[] {
    const alive: MemberTarget[] = []
    for (const target of this.#targets.values()) if (isAlive(target)) alive.push(target)
    return alive
  }

  /** How many more there is room for that were never met, and of which only others tell. */
  get hearsayRoom(): number {
    let count = 0
    for (const { isHearsay, member } of this.#targets.values()) {
      if (isHearsay && member?.status === 'known') count++
    }
    return HEARD_MAX - count
  }

  /** The target of that key, made when it is new; undefined when there is no room for it. */
  obtain(key: string): Target | undefined {
    const known = this.#targets.get(key)
    if (known !== undefined) return known
    if (this.#targets.size >= MEMBERS_MAX && !this.#makeRoom()) return undefined
    const target = newTarget(key)
    this.#targets.set(key, target)
    return target
  }

  /** Forgets the one that was seen longest ago, of those that are not connected nor asked for. */
  #makeRoom(): boolean {
    let oldest: Target | undefined
    for (const target of this.#targets.values()) {
      if (target.isConnected || isJoined(target) || target.isDialing) continue
      if (oldest === undefined || target.sightedAt < oldest.sightedAt) oldest = target
    }
    return oldest !== undefined && this.#targets.delete(oldest.key)
  }
}

/** A user asked for it: it is dialed whether discovery sees it or not. */
export function isJoined({ named, foundAt }: Target): boolean {
  return named.length + foundAt.length > 0
}

/** True for a member with a connection. */
export function isAlive(target: Target | undefined): target is MemberTarget {
  return target?.isConnected === true && target.member?.status === 'alive'
}

/** Takes down what is now known of where a target is. */
export function locate(target: Target, known: Partial<Whereabouts>): void {
  Object.assign(target, known)
  if (target.member !== undefined) target.member.addresses = dialable(target)
}

/** One list of addresses, within the bound. */
export function listOf(...lists: (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].slice(0, ADDRESSES_MAX)
}

function newTarget(key: string): Target {
  const isAddress = key.startsWith('/')
  return {
    key,
    member: isAddress ? undefined : newMember(key as NodeId),
    named: [],
    foundAt: [],
    sighted: [],
    reached: undefined,
    listening: [],
    heard: [],
    place: undefined,
    isHearsay: false,
    isConnected: false,
    isDialing: false,
    failures: 0,
    sightedAt: -Infinity,
    heardAt: -Infinity,
    leftAt: -Infinity,
    questionAt: -Infinity,
    dialedAt: -Infinity,
    dialAt: undefined
  }
}

function newMember(peer: NodeId): Member {
  return { peer, status: 'known', info: undefined, addresses: [], problem: undefined }
}
