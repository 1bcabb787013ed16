/**
 * What a worker and a master say to each other in one session, as data. The bytes are the
 * business of `src/wire`.
 *
 * Every message can be lost, doubled, late or out of order without harm: counts are absolute,
 * attempts are fenced, and what a message asks for twice is done once.
 */
import type { Amounts, Labels } from './abilities.ts'
import type { Result } from './result.ts'
import type { Spec } from './spec.ts'
import type { AttemptRef, JobId, Millis, Payload } from './types.ts'

/** What a worker says. The first message of a session is `hold`. */
export type WorkerMessage =
  /** Opens a session: who I am, how much I take, and every attempt I still have in hand. */
  | {
      readonly type: 'hold'
      /** Names this run of the worker's process; another one means that the old one is gone. */
      readonly boot: string
      readonly name: string
      readonly slots: number
      readonly credit: number
      readonly attempts: readonly HeldAttempt[]
      /** What I am. */
      readonly labels?: Labels
      /** What I have besides slots; left out by a worker that cannot keep count of it. */
      readonly amounts?: Amounts
    }
  /** New credit, or some taken back. `more`: for work of yours that waits, as far as I know. */
  | ({ readonly type: 'offer'; readonly more: boolean } & Credit)
  | { readonly type: 'started'; readonly attempts: readonly AttemptRef[] }
  | { readonly type: 'report'; readonly reports: readonly Report[] }
  /** I am here, I hold what you leased me up to batch `seen`, and my credit is this. */
  | ({ readonly type: 'renewal'; readonly seen: number } & Credit)
  /** What running tasks say of themselves. */
  | { readonly type: 'progress'; readonly progress: readonly Progress[] }
  /** Answers `read`, once there is something to say, or after some time with nothing. */
  | ({ readonly type: 'output' } & OutputPart)
  /** I leave; what you leased me and I did not report, I do not have any more. */
  | { readonly type: 'bye' }

/**
 * How much may be leased, counted from the beginning of the session: a master may lease while what
 * it has used (see `leases`) and what was withdrawn are together less. They only grow.
 */
export interface Credit {
  readonly credit: number
  readonly withdrawn: number
}

/** `queued`: not started; `running`; `ended`: its report has not been accepted yet. */
export const HELD_STATES = ['queued', 'running', 'ended'] as const
export type HeldState = (typeof HELD_STATES)[number]

export interface HeldAttempt extends AttemptRef {
  readonly state: HeldState
}

export interface Report extends AttemptRef {
  readonly result: Result
}

export interface Progress extends AttemptRef {
  /** Encoded by the task; small. */
  readonly value: Uint8Array
}

/** What a running task prints on. */
export const OUTPUT_STREAMS = ['stdout', 'stderr'] as const
export type OutputStream = (typeof OUTPUT_STREAMS)[number]

/** A place in what an attempt prints. */
export interface OutputPlace extends AttemptRef {
  readonly stream: OutputStream
  readonly offset: number
}

/**
 * `running`: more may come behind these bytes; `ended`: nothing more, the rest is in its result;
 * `unknown`: it does not run here.
 */
export const OUTPUT_STATES = ['running', 'ended', 'unknown'] as const
export type OutputState = (typeof OUTPUT_STATES)[number]

/** What was printed from a place on. */
export interface OutputPart extends OutputPlace {
  readonly state: OutputState
  /** None unless it is running. */
  readonly bytes: Uint8Array
}

/** What a master says. */
export type MasterMessage =
  /** Answers `hold`: keep everything but these; renew at least every third of `leaseMs`. */
  | {
      readonly type: 'kept'
      readonly canceled: readonly AttemptRef[]
      readonly leaseMs: Millis
      /** How long to keep running, and to keep results, once I am lost. */
      readonly keepMs: Millis
    }
  /** What the tasks of a job share; comes before its first lease in a session. */
  | { readonly type: 'spec'; readonly job: JobId; readonly spec: Spec }
  /**
   * Batch `batch` of this session: 1, 2, 3, ... `used`: the credit that is used up by now, by leases
   * or because there is nothing to lease. `more`: further work waits that you might do. Without
   * leases it only says that, and `batch` is the last one's.
   */
  | {
      readonly type: 'leases'
      readonly batch: number
      readonly used: number
      readonly more: boolean
      readonly leases: readonly Lease[]
    }
  | { readonly type: 'cancel'; readonly attempts: readonly AttemptRef[] }
  /** These reports are recorded, or not wanted any more: drop them. */
  | { readonly type: 'accepted'; readonly attempts: readonly AttemptRef[] }
  /**
   * Answers `renewal`, so that a worker notices a master that cannot hear or cannot speak, and so
   * that what was said about `more` work cannot be wrong for long.
   */
  | { readonly type: 'renewed'; readonly more: boolean }
  /** Somebody follows this output: send what comes behind this place, at most so many bytes. */
  | ({ readonly type: 'read'; readonly bytesMax: number } & OutputPlace)
  /** The job has ended: forget its spec. */
  | { readonly type: 'forget'; readonly job: JobId }
  /** I lease nothing more: report what you hold, then say `bye`. */
  | { readonly type: 'drain' }

export interface Lease extends AttemptRef {
  readonly input: Payload
}
