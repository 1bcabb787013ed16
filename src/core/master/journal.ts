/**
 * The records a master is rebuilt from. Whoever keeps them gives them back in order.
 */
import type { JobOptions } from '../job.ts'
import type { Result } from '../result.ts'
import type { Spec } from '../spec.ts'
import type { EndState } from '../task.ts'
import type { AttemptRef, JobId, NodeId, Payload } from '../types.ts'

export type JournalRecord =
  | { type: 'submitted'; job: JobId; spec: Spec; options: JobOptions }
  | { type: 'added'; job: JobId; inputs: readonly Payload[] }
  | { type: 'closed'; job: JobId }
  /** These attempts are leased: their numbers are used up, whatever becomes of them. */
  | { type: 'leased'; worker: NodeId; attempts: readonly AttemptRef[] }
  /** An attempt came to nothing; what has gone wrong with the task so far. */
  | ({ type: 'setback'; counters: SetbackCounters } & AttemptRef)
  /** A task has ended; the result is the recorded one. */
  | ({ type: 'settled'; state: EndState; worker: NodeId | undefined; result: Result } & AttemptRef)

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
}
