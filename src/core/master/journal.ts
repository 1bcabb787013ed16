/**
 * What a master writes down as it works, and what it is rebuilt from.
 *
 * The records come in the order in which things happened. Whoever keeps them gives back not the
 * records but their sum: the jobs that have not ended, each with its tasks that have not.
 */
import type { JobCounts, JobOptions } from '../job.ts'
import type { Result } from '../result.ts'
import type { Spec } from '../spec.ts'
import type { EndState } from '../task.ts'
import type { AttemptRef, JobId, Millis, NodeId, Payload } from '../types.ts'

export type JournalRecord =
  | { type: 'submitted'; job: JobId; spec: Spec; options: JobOptions }
  /** Tasks `first`, `first + 1`, ... with these inputs. */
  | { type: 'added'; job: JobId; first: number; inputs: readonly Payload[] }
  | { type: 'closed'; job: JobId }
  /**
   * These attempts are leased: their numbers are used up, whatever becomes of them. Of a task that
   * has an attempt already, that one is not remembered after a restart.
   */
  | { type: 'leased'; worker: NodeId; attempts: readonly AttemptRef[] }
  /** An attempt came to nothing; what has gone wrong with the task so far. */
  | ({
      type: 'setback'
      worker: NodeId | undefined
      reason: string
      counters: SetbackCounters
    } & AttemptRef)
  /**
   * The worker of an attempt that had come to nothing has it still, or of two attempts this one is
   * left: its lease goes on.
   */
  | ({ type: 'adopted'; worker: NodeId; counters: SetbackCounters } & AttemptRef)
  /** A task has ended; the result is the recorded one. */
  | ({ type: 'settled'; state: EndState; worker: NodeId | undefined; result: Result } & AttemptRef)
  /** All tasks of a job have ended, and no more can come. */
  | { type: 'ended'; job: JobId; counts: Readonly<JobCounts> }

export interface SetbackCounters {
  readonly failures: number
  readonly crashes: number
  readonly losses: number
  readonly refusals: number
  /** The worker owes a report for the attempt: a late result would still be taken. */
  readonly isReportDue: boolean
  /** The last of `losses` is the attempt's, and will be forgiven if its worker comes back. */
  readonly countsLoss: boolean
  readonly avoids: readonly NodeId[]
  /** The highest number that is used up, where that is not the attempt's: of two, the older is left. */
  readonly lastAttempt?: number
}

/** What a master is rebuilt from: first all jobs in the order of their ids, then their tasks. */
export type Saved =
  /** The highest id that was ever used, also by a job that has ended or was forgotten. */
  { readonly type: 'last-job'; readonly job: JobId | 0 } | SavedJob | SavedTasks | SavedEnd

/** A job that has not ended. */
export interface SavedJob {
  readonly type: 'job'
  readonly job: JobId
  readonly spec: Spec
  readonly options: JobOptions
  readonly isOpen: boolean
  /** The number of the task added last. */
  readonly lastTask: number
  /** How many of its tasks have ended in which way. */
  readonly ended: Readonly<Record<EndState, number>>
  /** Of a job that hedges: how long the last ones ran that finished, as many as are worth it. */
  readonly runTimes?: readonly Millis[]
}

/** Tasks of such a job that have not ended, in the order of their numbers. */
export interface SavedTasks {
  readonly type: 'tasks'
  readonly job: JobId
  readonly tasks: readonly SavedTask[]
}

export interface SavedTask {
  readonly task: number
  readonly input: Payload
  /** Its last lease; undefined: it was never leased. */
  readonly lease: SavedLease | undefined
}

export interface SavedLease {
  readonly attempt: number
  readonly worker: NodeId | undefined
  /** The worker has it still, as far as the master knew. */
  readonly isHeld: boolean
  readonly counters: SetbackCounters
}

/** How a job ended on whose end others wait. */
export interface SavedEnd {
  readonly type: 'end'
  readonly job: JobId
  readonly counts: Readonly<Record<EndState, number>>
}
