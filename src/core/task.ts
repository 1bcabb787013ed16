/**
 * One task, as its master knows it.
 *
 *     waiting ──lease──▶ leased ──started──▶ running ──result──▶ finished | failed
 *      ▲   ▲               │                   │
 *      │   └── given back, lease expired ──────┤
 *      └──── retrying ◀── failed, crashed, refused, and may try again
 *
 * A person may end it at any time (`canceled`); the system does after too many lost workers
 * (`aborted`). People see `leased` as `waiting`: it does not run yet. A task that has ended is
 * forgotten at once; its job keeps the counts.
 */
import type { Job } from './job.ts'
import type { AttemptRef, Millis, NodeId, Payload } from './types.ts'

export type LiveState = 'waiting' | 'leased' | 'running' | 'retrying'
export type EndState = 'finished' | 'failed' | 'canceled' | 'aborted'
export type TaskState = LiveState | EndState

/** The parts of a job's waiting tasks: see `waiting.ts`. */
export type WaitingQueue = 'fresh' | 'returned' | 'setAside'

export class Task {
  readonly job: Job
  /** 1, 2, 3, ... within its job. */
  readonly number: number
  readonly input: Payload
  state: TaskState = 'waiting'
  /** Where its entry among the waiting tasks is, also while it does not count. */
  queue: WaitingQueue | undefined = undefined
  /** The number of its lease, the last one; 0 before the first. See `hedge.ts` for two at once. */
  attempt = 0
  /** Who got the last lease. */
  worker: NodeId | undefined = undefined
  /** The last attempt has not been reported: its result would still be welcome. */
  isReportDue = false
  /** The loss of the worker of the last attempt is one of `losses`. */
  countsLoss = false
  /** A worker has started it, in this attempt or an earlier one. */
  hasStarted = false
  /** When it becomes waiting again, while it is `retrying`. */
  retryAt: Millis = 0
  /** What became of the last attempt that came to nothing. */
  lastReason: string | undefined = undefined

  // What went wrong so far, each kind against a limit of its own.
  failures = 0
  crashes = 0
  losses = 0
  refusals = 0

  /** Workers on which it failed: another machine comes first. */
  avoids: NodeId[] | undefined = undefined

  constructor(job: Job, number: number, input: Payload) {
    this.job = job
    this.number = number
    this.input = input
  }

  get isHeld(): boolean {
    return this.state === 'leased' || this.state === 'running'
  }

  /** The highest number that a lease of it had. */
  get lastAttempt(): number {
    return this.job.hedge?.lastAttempt(this) ?? this.attempt
  }

  /** Two attempts of it are out. */
  get isDouble(): boolean {
    return this.job.hedge?.others.has(this) === true
  }

  /** The fencing token of its last lease. */
  get ref(): AttemptRef {
    return { job: this.job.id, task: this.number, attempt: this.attempt }
  }
}
