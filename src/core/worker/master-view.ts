/**
 * A master as its worker sees it, and what the worker holds for it.
 */
import { demandOf, widthOf } from '../abilities.ts'
import type { Demand } from '../abilities.ts'
import { assert } from '../assert.ts'
import { Queue } from '../queue.ts'
import type { Result } from '../result.ts'
import type { Spec } from '../spec.ts'
import { Speed } from '../speed.ts'
import {
  IDLE_RENEWAL_MS,
  KEEP_EPHEMERAL_MS,
  LEASE_MS,
  RENEWAL_MAX_MS,
  RENEWALS_PER_LEASE
} from '../limits.ts'
import type { AttemptRef, JobId, Millis, NodeId, Payload } from '../types.ts'
import type { LiveRead } from './reads.ts'

/** A job of a master: its spec, and the attempts in hand. */
export class HeldJob {
  readonly id: JobId
  #spec: Spec | undefined
  /** What a task of it takes, as it was said first: what runs is counted by it; undefined: one slot. */
  #demand: Demand | undefined
  #isDemandKnown = false
  readonly held = new Map<number, Held>()
  /** Runs that somebody still wants the result of. */
  running = 0
  /** Tasks that wait until the job may run more here, in order of arrival. */
  readonly parked = new Queue<Held>()
  parkedTasks = 0
  /** How many of its tasks end here. */
  readonly speed = new Speed()
  /** The master has ended it: forget it once nothing is held. */
  isOver = false

  constructor(id: JobId, spec: Spec | undefined) {
    this.id = id
    this.spec = spec
  }

  /** Undefined: all that is known of the job are results of an earlier session. */
  get spec(): Spec | undefined {
    return this.#spec
  }

  set spec(spec: Spec | undefined) {
    this.#spec = spec
    if (spec === undefined || this.#isDemandKnown) return
    this.#isDemandKnown = true
    this.#demand = demandOf(spec)
  }

  get demand(): Demand | undefined {
    return this.#demand
  }

  /** How many slots a task of it fills. */
  get width(): number {
    return widthOf(this.#demand)
  }
}

/** The spec of a job that something is leased of: nothing is before its spec has come. */
export function specOf({ id, spec }: HeldJob): Spec {
  assert(spec !== undefined, `a task of job ${id} was taken without a spec`)
  return spec
}

/** One attempt in hand. `parked`: see `queues.ts`; `dropped`: nobody wants its result any more. */
export interface Held {
  readonly view: MasterView
  readonly job: HeldJob
  readonly ref: AttemptRef
  readonly input: Payload
  /** Order of arrival, over all jobs of all masters. */
  readonly order: number
  /** The number of the next run when it arrived: who is served from then on was served since. */
  readonly arrivedAt: number
  state: 'queued' | 'parked' | 'running' | 'ended' | 'dropped'
  /** The number its executor knows it by; 0 before it was handed over. */
  run: number
  /** The kind of executor it was handed to. */
  kind: Spec['kind'] | undefined
  /** It was handed over ahead of time and may not have begun: nobody was told that it runs. */
  isAhead: boolean
  /** It was asked back, and will be if it has not begun. */
  isRecalled: boolean
  /** Why it was told to stop, if it was. */
  stopping: 'timeout' | 'leaving' | undefined
  result: Result | undefined
  endedAt: Millis
  reportedAt: Millis
}

export class MasterView {
  readonly id: NodeId
  readonly epoch: string
  session: number | undefined = undefined
  leaseMs: Millis = LEASE_MS
  keepMs: Millis = KEEP_EPHEMERAL_MS
  /** `kept` has come: the master knows what we hold. */
  isSettled = false
  /** The highest number of a batch of leases that has come. */
  lastBatch = 0
  /** Batches of leases: all up to `seen` have come, and those in `ahead`. */
  seen = 0
  readonly ahead = new Set<number>()
  /** Leases allowed, taken back, and used by the master or given up, since the session began. */
  credit = 0
  withdrawn = 0
  used = 0
  /** The open credit it should have, and since when it has had more. */
  wanted = 0
  surplusSince: Millis | undefined = undefined
  /** It has more work waiting than we have credit for. */
  isHungry = false
  /** It was offered credit for that, and will either use it or give it up. */
  isAsked = false
  /** How these were when its leases were last renewed. */
  renewed = { used: 0, openCredit: 0 }
  isDraining = false
  readonly jobs = new Map<JobId, HeldJob>()
  /** What it leased, in order of arrival; dropped attempts stay in it and are passed over. */
  readonly queue = new Queue<Held>()
  queued = 0
  /** Tasks that are parked, and the jobs they belong to. */
  parked = 0
  readonly parkedJobs = new Set<HeldJob>()
  running = 0
  /** How many slots they fill. */
  width = 0
  /** Reports not accepted yet, the oldest first. */
  readonly unaccepted = new Set<Held>()
  /** How many bytes they take in memory. */
  resultBytes = 0
  /** Reads of live output that were not answered yet, by their place: a second copy is ignored. */
  readonly reads = new Map<string, LiveRead>()
  /** Those that are to be kept on disk if they are not accepted soon, and when to look at them. */
  readonly unkept = new Set<Held>()
  keepAt: Millis = Infinity
  heardAt: Millis = 0
  renewedAt: Millis = 0
  lostAt: Millis = 0
  /** When a task of it was started last: who was served longest ago goes first. */
  servedAt = 0

  constructor(id: NodeId, epoch: string) {
    this.id = id
    this.epoch = epoch
  }

  /**
   * How often to renew: also of long leases, what masters and workers believe stays fresh; seldom
   * when nothing is held, or asked for.
   */
  get renewalMs(): Millis {
    const isQuiet = this.isSettled && !this.isHungry && !this.isAsked
    if (isQuiet && this.heldTasks === 0) return IDLE_RENEWAL_MS
    return Math.min(RENEWAL_MAX_MS, Math.ceil(this.leaseMs / RENEWALS_PER_LEASE))
  }

  get renewAt(): Millis {
    return this.renewedAt + this.renewalMs
  }

  /** It can be restarted from its journal, and then still wants what was kept for it. */
  get isDurable(): boolean {
    return this.keepMs > KEEP_EPHEMERAL_MS
  }

  /** When a session in which nothing is heard is given up. */
  get silentAt(): Millis {
    return this.heardAt + this.leaseMs + this.renewalMs
  }

  /** How many tasks it may lease us now. */
  get openCredit(): number {
    return this.credit - this.withdrawn - this.used
  }

  /** Attempts in hand, reported or not. */
  get heldTasks(): number {
    return this.queued + this.parked + this.running + this.unaccepted.size
  }
}
