/**
 * The state of a worker machine, and the few ways in which every part of it changes.
 */
import { Room } from '../abilities.ts'
import type { Amounts, Labels } from '../abilities.ts'
import { Heap } from '../heap.ts'
import type { HeldAttempt, WorkerMessage } from '../messages.ts'
import type { Millis, NodeId } from '../types.ts'
import type { WorkerEffect } from './events.ts'
import { AHEAD_MS, PREFETCH_MS } from '../limits.ts'
import { Speed } from '../speed.ts'
import type { Spec } from '../spec.ts'
import { claimOf } from './claims.ts'
import { specOf } from './master-view.ts'
import type { Held, MasterView } from './master-view.ts'
import { LiveReads } from './reads.ts'

/** Time limits of runs that have ended, beyond which they are worth clearing out. */
const TIME_LIMITS_SPARE = 1024

export interface WorkerConfig {
  /** Names this run of the process. */
  readonly boot: string
  readonly name: string
  /** How many tasks run at once. */
  readonly slots: number
  /** What it is, and what it has besides slots; left out: nothing to speak of. */
  readonly labels?: Labels
  readonly amounts?: Amounts
}

export class WorkerState {
  readonly config: WorkerConfig
  readonly masters = new Map<NodeId, MasterView>()
  /** What runs, by the number the executor knows it by; a dropped attempt still fills its slot. */
  readonly runs = new Map<number, Held>()
  /** What they take: slots, and all else that tasks can ask for. */
  readonly room: Room
  /** How many of them take more than a slot, and how many tasks that do wait for the room. */
  largeRuns = 0
  claims = 0
  /** How many runs are of which kind of executor. */
  readonly runsOfKind = new Map<Spec['kind'], number>()
  readonly timeLimits = new Heap<{ at: Millis; run: number }>((a, b) => a.at < b.at)
  readonly reads = new LiveReads()
  nextRun = 1
  nextOrder = 1
  queued = 0
  parked = 0
  isDraining = false
  /** Why nothing new is taken now, although this worker stays; undefined: it is. */
  pausedFor: string | undefined
  hasDrained = false
  /** How many tasks end here. */
  readonly speed = new Speed()
  #effects: WorkerEffect[] = []

  constructor(config: WorkerConfig) {
    this.config = config
    this.room = new Room(config.slots, config.amounts ?? {})
  }

  push(effect: WorkerEffect): void {
    this.#effects.push(effect)
  }

  send(view: MasterView, message: WorkerMessage, patienceMs: Millis = 0): void {
    if (view.session === undefined) return
    this.#effects.push({
      type: 'send',
      master: view.id,
      session: view.session,
      message,
      patienceMs
    })
  }

  takeEffects(): WorkerEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /**
   * Whether the executor gets one more task of this kind. All its slots are filled; of short tasks
   * it gets some more, so that a slot never waits for us: about 40 ms of work, all of one kind,
   * since executors of two kinds do not know of each other's slots. Nor do they know of tasks that
   * take more than one: beside those, nothing is handed over ahead.
   *
   * @param isFilling it has been given some just now; else only once half of those are used up, so
   * that it gets many at a time
   */
  hasRoomFor(kind: Spec['kind'], isFilling: boolean, now: Millis): boolean {
    const free = this.room.slots - this.room.slotsTaken
    if (free > 0) return true
    const others = this.runs.size - (this.runsOfKind.get(kind) ?? 0)
    if (this.largeRuns > 0 || others > 0) return false
    const aheadMax = this.aheadMax(now)
    const room = free + aheadMax
    return room > 0 && (isFilling || 2 * room >= aheadMax)
  }

  /** It neither leaves nor pauses. */
  get takesMore(): boolean {
    return !this.isDraining && this.pausedFor === undefined
  }

  /** How many tasks the executor may have beyond its slots. */
  aheadMax(now: Millis): number {
    if (this.pausedFor !== undefined) return 0
    return Math.floor((this.speed.recent(now) * AHEAD_MS) / PREFETCH_MS)
  }

  addRun(held: Held): void {
    const { kind } = specOf(held.job)
    const { demand } = held.job
    this.runs.set(held.run, held)
    this.room.take(demand)
    if (demand !== undefined) this.largeRuns++
    this.runsOfKind.set(kind, (this.runsOfKind.get(kind) ?? 0) + 1)
    held.kind = kind
  }

  removeRun({ run, kind, job: { demand } }: Held): void {
    this.runs.delete(run)
    this.room.giveBack(demand)
    if (demand !== undefined) this.largeRuns--
    if (kind !== undefined) this.runsOfKind.set(kind, (this.runsOfKind.get(kind) ?? 0) - 1)
  }

  /** Slots that nothing runs in, no queued task is about to take, and no claim has been laid to. */
  get freeSlots(): number {
    const { slots, slotsTaken } = this.room
    const claim = this.claims > 0 ? claimOf(this) : undefined
    const claimed = claim?.isDue === true ? claim.held.job.width : 0
    return Math.max(0, slots - slotsTaken - this.queued - claimed)
  }

  /** Wakes the machine when a run has reached its time limit. */
  limitTime(run: number, at: Millis): void {
    this.timeLimits.push({ at, run })
    // Most runs end long before their limit: forget those limits now and then.
    if (this.timeLimits.size > 2 * this.runs.size + TIME_LIMITS_SPARE) {
      this.timeLimits.filter((limit) => this.runs.has(limit.run))
    }
  }
}

/** What a new session begins with: every attempt in hand. */
export function attemptsOf(view: MasterView): HeldAttempt[] {
  const attempts: HeldAttempt[] = []
  for (const job of view.jobs.values()) {
    for (const held of job.held.values()) {
      if (held.state === 'dropped') continue
      // What was given back unstarted cannot have done any harm.
      const hasBegun = held.run > 0 && !held.isAhead
      const state = held.state === 'parked' || !hasBegun ? 'queued' : held.state
      attempts.push({ ...held.ref, state })
    }
  }
  return attempts
}
