/**
 * What passes between a journal and its thread: rows as plain data that can be cloned, and records,
 * which go there as bytes (`entries.ts`), as they are written.
 *
 * What has a form of its own on disk (specs, inputs, results) is bytes here: the thread writes and
 * reads it without looking inside.
 */
import type { ErrorCode } from '../core/errors.ts'
import type { EndState } from '../core/task.ts'
import type { AttemptRef, BlobRef, JobId } from '../core/types.ts'

/** How tasks end, by the number that stands for it on disk. */
export const END_STATES: readonly EndState[] = ['finished', 'failed', 'canceled', 'aborted']

/** Records as they are written: see `entries.ts`. */
export type Entry =
  | { type: 'submitted'; job: number; spec: Uint8Array; options: string }
  | { type: 'added'; job: number; rows: readonly InputRow[]; blobs: readonly BlobRef[] }
  | { type: 'closed'; job: number }
  | { type: 'leased'; worker: string; attempts: readonly AttemptRef[] }
  | ({ type: 'setback'; reason: string } & LeaseEntry)
  | ({ type: 'adopted' } & LeaseEntry)
  | {
      type: 'settled'
      job: number
      task: number
      attempt: number
      state: number
      worker: string | null
      result: Uint8Array
      blobs: readonly BlobRef[]
    }
  | { type: 'ended'; job: number }

export interface LeaseEntry extends LeaseRow {
  readonly job: number
}

/** Neighboring inputs of a job, in one piece. */
export interface InputRow {
  /** The number of the first of these tasks. */
  readonly first: number
  readonly count: number
  readonly inputs: Uint8Array
}

export interface LeaseRow {
  readonly task: number
  readonly attempt: number
  readonly worker: string | null
  readonly flags: number
  /** What went wrong; null: nothing so far. */
  readonly wrongs: Uint8Array | null
}

/** Bits of `flags`. */
export const IS_HELD = 1
export const IS_REPORT_DUE = 2
export const COUNTS_LOSS = 4
/** From here on: how many numbers beyond the attempt's are used up. */
export const NUMBERS_SHIFT = 3

/** The records of one call of `commit`. */
export interface Commit<Each = Entry> {
  readonly entries: readonly Each[]
  /** Wall clock. */
  readonly at: number
  /** It brings work that can be refused. */
  readonly isRefusable: boolean
}

/** Why something was not done, across threads. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export interface JobRow {
  readonly job: number
  readonly spec: Uint8Array
  readonly options: string
  readonly isOpen: number
  readonly tasks: number
  readonly finished: number
  readonly failed: number
  readonly canceled: number
  readonly aborted: number
  readonly submittedAt: number
  readonly endedAt: number | null
}

export type EndRow = Pick<JobRow, 'job' | 'finished' | 'failed' | 'canceled' | 'aborted'>

/** A piece of a live job's tasks. */
export interface SavedRows {
  readonly rows: readonly InputRow[]
  /** Tasks of these rows that have ended, ascending. */
  readonly ended: readonly number[]
  /** Leases of the others, ascending. */
  readonly leases: readonly LeaseRow[]
  /** Where the next piece begins; undefined: this was the last. */
  readonly next: number | undefined
}

export interface ResultRow {
  readonly place: number
  readonly task: number
  readonly attempt: number
  readonly state: number
  readonly worker: string | null
  readonly endedAt: number
  readonly result: Uint8Array
}

export interface TaskRow {
  readonly task: number
  /** Its input is the one at `at` of row `row` of those beside it. */
  readonly row: number
  readonly at: number
  readonly lease: Pick<LeaseRow, 'attempt' | 'worker'> | undefined
  readonly result: ResultRow | undefined
}

export interface TaskRows {
  readonly rows: readonly InputRow[]
  readonly tasks: readonly TaskRow[]
}

export interface SetbackRow {
  readonly task: number
  readonly attempt: number
  readonly worker: string | null
  readonly reason: string
  readonly at: number
}

export interface BlobRows {
  readonly refs: readonly { readonly blob: Uint8Array; readonly bytes: number }[]
  readonly next: number | undefined
}

/** What the thread does when asked. */
export interface Calls {
  /** Opens the journal, and says its epoch. */
  open(): string
  /** How each commit of a group went (`encodeCommits`): undefined is well. */
  commit(group: Uint8Array): (Failure | undefined)[]
  lastJob(): number
  liveJobs(after: number, limit: number): JobRow[]
  savedTasks(job: number, from: number): SavedRows
  /** The last results of tasks that finished. */
  lastFinished(job: number, limit: number): Pick<ResultRow, 'result'>[]
  jobs(before: number, limit: number): JobRow[]
  job(job: number): JobRow | undefined
  ends(jobs: readonly JobId[]): EndRow[]
  tasks(job: number, from: number, limit: number, states?: readonly number[]): TaskRows
  results(job: number, place: number, limit: number): ResultRow[]
  setbacks(job: number, task: number | undefined, limit: number): SetbackRow[]
  blobs(after: number): BlobRows
  /** Forgets those of these jobs that have ended. What they leave in the file goes by `sweep`. */
  forget(jobs: readonly number[]): BlobRows['refs']
  /** Removes some of what forgotten jobs left; true if there is more. */
  sweep(): boolean
  /** Jobs that ended before `endedBefore`, and those that ended before the last `keep`. */
  outdated(endedBefore: number, keep: number): number[]
  /** The job that ended first, while what is kept takes more than `bytes`. */
  excess(bytes: number): number | undefined
  close(): void
}
