/**
 * Members tell each other whom they know, so that whoever joins one joins them all.
 *
 * Who dialed a member that others had not told it of asks it whom else it knows, and dials those.
 * The asked one tells its other members of the asker, in case it is they who have to dial, because
 * a firewall shuts the asker out. And now and then everybody asks somebody at random, often after
 * news and seldom in quiet times, which joins what was missed or had been cut in two.
 *
 * A connection has two ends: whom the asker does not have does not have the asker either. So the
 * list of those it has says exactly who has to be told of whom. Told are only those to whom the
 * teller is connected itself, so that the dead do not live on as rumours.
 */
import type { Rng } from '../rng.ts'
import type { Millis, NodeId } from '../types.ts'
import type { MembersEffect, PeerAddresses, Place } from './events.ts'
import { addressesFor, hasAddresses } from './reach.ts'
import { isAlive, isJoined } from './targets.ts'
import type { MemberTarget, Target, Targets } from './targets.ts'

/** The shortest and the longest wait between two questions: it doubles, and news shorten it. */
const ASK_MIN_MS = 1_000
const ASK_MAX_MS = 60_000
/** A member that asks again before this gets no answer. */
const ANSWER_MIN_MS = 200
/** Telling others of a newcomer waits for more of the kind, and goes on at this pace, */
const TELL_MS = 250
/** so many members at a time: five hundred are told within eight seconds. */
const TELLS_MAX = 16

/**
 * How a connection came to be: a user named the address, discovery showed it, or it was not for us
 * to look for: members told of it, or it dialed us.
 */
export type Acquaintance = 'named' | 'seen' | 'told'

export class Exchange {
  readonly #targets: Targets
  readonly #rng: Rng
  /** Whom to ask next; undefined: anybody. */
  #next: NodeId | undefined
  #askAt: Millis | undefined
  #askedAt: Millis = -Infinity
  /** Questions since the last news. */
  #round = 0
  /** Whom to tell of whom. */
  readonly #news = new Map<NodeId, Set<NodeId>>()
  #tellAt: Millis | undefined

  constructor(targets: Targets, rng: Rng) {
    this.#targets = targets
    this.#rng = rng
  }

  get deadline(): Millis | undefined {
    if (this.#askAt === undefined || this.#tellAt === undefined) return this.#askAt ?? this.#tellAt
    return Math.min(this.#askAt, this.#tellAt)
  }

  /** A member is there that was not; `how` it came to be. */
  onAlive(target: MemberTarget, how: Acquaintance, now: Millis): MembersEffect[] {
    this.#round = 0
    // Of those that a user named there are few: each is asked, whatever else goes on.
    const effects = how === 'named' ? [this.#ask(target, now)] : []
    if (how === 'seen') this.#next = target.member.peer
    // In a moment there will be less to tell: discovery shows others, too.
    this.#askAfter(this.#rng.integer(ASK_MIN_MS, 2 * ASK_MIN_MS), now)
    return effects
  }

  /** What to answer a member that is connected to these. */
  onAsked(asker: MemberTarget, have: readonly NodeId[], now: Millis): PeerAddresses[] {
    if (asker.questionAt + ANSWER_MIN_MS > now) return []
    asker.questionAt = now
    const theirs = new Set(have)
    const missing = this.#targets.alive.filter(
      (target) => target !== asker && !theirs.has(target.member.peer) && haveBusiness(target, asker)
    )
    if (hasAddresses(asker)) for (const { member } of missing) this.#note(member.peer, asker, now)
    return this.#tell(asker, missing)
  }

  /** The questions that are due. */
  due(now: Millis): MembersEffect[] {
    const effects: MembersEffect[] = []
    if (this.#tellAt !== undefined && this.#tellAt <= now) this.#tellSome(effects, now)
    if (this.#askAt !== undefined && this.#askAt <= now) this.#askOne(effects, now)
    return effects
  }

  #askAfter(wait: Millis, now: Millis): void {
    const at = Math.max(now + wait, this.#askedAt + ASK_MIN_MS)
    this.#askAt = this.#askAt === undefined ? at : Math.min(this.#askAt, at)
  }

  #askOne(effects: MembersEffect[], now: Millis): void {
    const { alive } = this.#targets
    const wanted = this.#next === undefined ? undefined : this.#targets.get(this.#next)
    const target = isAlive(wanted) ? wanted : alive[this.#rng.integer(0, alive.length - 1)]
    this.#next = undefined
    this.#askAt = undefined
    if (target === undefined) return
    effects.push(this.#ask(target, now))
    const wait = Math.min(ASK_MAX_MS, ASK_MIN_MS * 2 ** Math.min(this.#round, 16))
    this.#round++
    this.#askAfter(this.#rng.integer(wait >> 1, wait), now)
  }

  #ask(target: MemberTarget, now: Millis): MembersEffect {
    this.#askedAt = now
    const { peer } = target.member
    const have = this.#targets.alive.map(({ member }) => member.peer)
    return { type: 'ask', peer, question: { have, told: this.#takeNews(target) } }
  }

  #note(peer: NodeId, newcomer: MemberTarget, now: Millis): void {
    const news = this.#news.get(peer) ?? new Set()
    this.#news.set(peer, news.add(newcomer.member.peer))
    this.#tellAt ??= now + TELL_MS
  }

  #tellSome(effects: MembersEffect[], now: Millis): void {
    for (const peer of [...this.#news.keys()].slice(0, TELLS_MAX)) {
      const target = this.#targets.get(peer)
      const told = isAlive(target) ? this.#takeNews(target) : []
      this.#news.delete(peer)
      if (told.length > 0) effects.push({ type: 'ask', peer, question: { have: undefined, told } })
    }
    this.#tellAt = this.#news.size > 0 ? now + TELL_MS : undefined
  }

  #takeNews(target: MemberTarget): PeerAddresses[] {
    const { peer } = target.member
    const newcomers = [...(this.#news.get(peer) ?? [])].map((each) => this.#targets.get(each))
    this.#news.delete(peer)
    return this.#tell(target, newcomers.filter(isAlive))
  }

  /** What to tell `to` of these: nothing of those that it could not reach anyway. */
  #tell(to: MemberTarget, about: readonly MemberTarget[]): PeerAddresses[] {
    return about
      .map((each) => ({ peer: each.member.peer, addresses: addressesFor(to, each) }))
      .filter(({ addresses }) => addresses.length > 0)
  }
}

/**
 * Who neither publishes nor runs nor serves anything only looks who is there, and is no sight itself.
 */
function haveBusiness(one: MemberTarget, other: MemberTarget): boolean {
  return [one, other].some(
    ({ member: { info } }) =>
      info?.isMaster === true || info?.isWorker === true || info?.manager !== undefined
  )
}

/** How the connection to it came to be, which has just been admitted there. */
export function acquaintance(target: Target, { isDialed }: Place): Acquaintance {
  if (!isDialed || target.isHearsay) return 'told'
  // Whom nobody saw was dialed at an address that a user named without its peer id.
  return isJoined(target) || target.sightedAt === -Infinity ? 'named' : 'seen'
}
