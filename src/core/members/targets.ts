/**
 * Everybody a node has heard of, up to a bound, and everything it is to dial.
 *
 * Looking for what is due looks at all of them: with as many as there may be, that takes about
 * 10 us, and happens a few times a second at most.
 */
import { ADDRESSES_MAX, MEMBERS_MAX } from '../limits.ts'
import type { Millis, NodeId } from '../types.ts'
import type { Member } from './events.ts'

export interface Target {
  /** A peer id, or an address given by a user of which the peer is not known yet. */
  readonly key: string
  readonly member: Member | undefined
  /** Where discovery saw it last. */
  sighted: readonly string[]
  /** Where a user said it is: it is dialed whether discovery sees it or not. */
  named: readonly string[]
  /** Where a user said that somebody is, and it was found. */
  foundAt: readonly string[]
  isConnected: boolean
  isDialing: boolean
  failures: number
  sightedAt: Millis
  leftAt: Millis
  dialedAt: Millis
  /** Dial then; undefined: not at all. */
  dialAt: Millis | undefined
}

export class Targets {
  readonly #targets = new Map<string, Target>()

  get(key: string): Target | undefined {
    return this.#targets.get(key)
  }

  all(): Iterable<Target> {
    return this.#targets.values()
  }

  delete(key: string): void {
    this.#targets.delete(key)
  }

  /** The target of that key, made when it is new; undefined when there is no room for it. */
  of(key: string): Target | undefined {
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

/** A user asked for it. */
export function isJoined({ named, foundAt }: Target): boolean {
  return named.length + foundAt.length > 0
}

/** Where to dial it. */
export function addressesOf({ named, foundAt, sighted }: Target): readonly string[] {
  return listOf(named, foundAt, sighted)
}

/** One list of addresses, within the bound. */
export function listOf(...lists: (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].slice(0, ADDRESSES_MAX)
}

function newTarget(key: string): Target {
  return {
    key,
    member: isAddress(key) ? undefined : newMember(key as NodeId),
    sighted: [],
    named: [],
    foundAt: [],
    isConnected: false,
    isDialing: false,
    failures: 0,
    sightedAt: -Infinity,
    leftAt: -Infinity,
    dialedAt: -Infinity,
    dialAt: undefined
  }
}

function isAddress(key: string): boolean {
  return key.startsWith('/')
}

function newMember(peer: NodeId): Member {
  return { peer, status: 'known', info: undefined, addresses: [], problem: undefined }
}
