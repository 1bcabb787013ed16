/**
 * When to dial whom: at once, then with growing waits, never too many at a time.
 */
import { DIALS_MAX } from '../limits.ts'
import type { Rng } from '../rng.ts'
import type { Millis } from '../types.ts'
import type { MembersEffect } from './events.ts'
import { dialable } from './reach.ts'
import { isJoined } from './targets.ts'
import type { Target, Targets } from './targets.ts'

/** The first wait after a failed dial; it doubles. */
export const REDIAL_MIN_MS = 200
/** The longest wait for a peer that discovery sees, or that a user named. */
export const REDIAL_MAX_MS = 5_000
/** The longest wait for a peer that nobody sees: it may have slept for an hour. */
export const REDIAL_UNSEEN_MAX_MS = 30_000
/** How long it is news that discovery, or another member, sees a peer. */
export const SIGHTING_MS = 90_000

export class Dialing {
  readonly #targets: Targets
  readonly #rng: Rng
  #underWay = 0

  constructor(targets: Targets, rng: Rng) {
    this.#targets = targets
    this.#rng = rng
  }

  get deadline(): Millis | undefined {
    let first: Millis | undefined
    for (const target of this.#targets) {
      const { dialAt } = target
      if (dialAt === undefined || !this.#isAllowed(target)) continue
      if (first === undefined || dialAt < first) first = dialAt
    }
    return first
  }

  /** The dials that are due. */
  due(now: Millis): MembersEffect[] {
    const effects: MembersEffect[] = []
    for (const target of this.#targets) {
      if (target.dialAt === undefined || target.dialAt > now || !this.#isAllowed(target)) continue
      target.dialAt = undefined
      const addresses = dialable(target)
      if (target.isConnected || target.isDialing || addresses.length === 0) continue
      target.isDialing = true
      target.dialedAt = now
      this.#underWay++
      effects.push({ type: 'dial', target: target.key, addresses })
    }
    return effects
  }

  /** A dial of it is over. */
  ended(target: Target): void {
    target.isDialing = false
    this.#underWay--
  }

  /** Plans the next dial after one that came to nothing, or after a connection was lost. */
  later(target: Target, now: Millis): void {
    if (target.isHearsay && target.heardAt + SIGHTING_MS <= now) {
      // Nobody tells of it any more.
      target.dialAt = undefined
      if (target.member?.status === 'known' && !target.isDialing) this.#targets.delete(target.key)
      return
    }
    const isSeen = isJoined(target) || target.sightedAt + SIGHTING_MS > now
    const longest = isSeen ? REDIAL_MAX_MS : REDIAL_UNSEEN_MAX_MS
    const wait = Math.min(longest, REDIAL_MIN_MS * 2 ** Math.min(target.failures, 16))
    target.failures++
    target.dialAt = now + this.#rng.integer(wait >> 1, wait)
  }

  /** What a user named is dialed whatever else is under way: there is little of it. */
  #isAllowed(target: Target): boolean {
    return isJoined(target) || this.#underWay < DIALS_MAX
  }
}

/**
 * Plans a dial, unless there is to be one before; not sooner after the last one than after a
 * failure, whatever discovery says.
 */
export function dialBy(target: Target, at: Millis): void {
  const soonest = Math.max(at, target.dialedAt + REDIAL_MIN_MS)
  target.dialAt = Math.min(target.dialAt ?? Infinity, soonest)
}
