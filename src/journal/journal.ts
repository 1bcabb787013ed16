/**
 * The port through which a master writes down what it does, and is rebuilt.
 *
 * `sqlite-journal.ts` is the implementation.
 */
import type { JobRecord, ResultRecord, SetbackRecord, TaskRecord } from '../core/job-records.ts'
import type { JournalRecord, Saved, SavedEnd } from '../core/master/journal.ts'
import type { BlobRef, JobId } from '../core/types.ts'

export interface Journal {
  /** Names this record of jobs, for as long as it exists: workers keep results for it. */
  readonly epoch: string

  /**
   * Why nothing new should be submitted now (JOURNAL_FULL: the disk is nearly full); undefined:
   * nothing speaks against it. What runs is recorded all the same, as long as there is any space.
   */
  refusal(): Error | undefined

  /** What a master is rebuilt from, in pieces. To be read to its end before the first commit. */
  load(): AsyncIterable<readonly Saved[]>

  /**
   * Writes records down, all or none; resolves once they are on disk (fsync). Commits happen in the
   * order of the calls; those that wait while another one is under way are done together. Throws
   * JOURNAL_FULL or JOURNAL_FAILED: then none of these records is there, and later ones may be. A
   * record that is there already has no effect.
   */
  commit(records: readonly JournalRecord[]): Promise<void>

  /** The jobs that are kept, the newest first, below `before`. */
  jobs(limit: number, before?: JobId): Promise<readonly JobRecord[]>
  job(job: JobId): Promise<JobRecord | undefined>
  /** How these jobs ended, of those that have. */
  ends(jobs: readonly JobId[]): Promise<readonly SavedEnd[]>
  /** Tasks of a job by number, from `from` on; only those whose result is in `states`, if given. */
  tasks(job: JobId, query: TaskQuery): Promise<readonly TaskRecord[]>
  /** Results of a job in the order in which they were recorded, behind `place`. */
  results(job: JobId, place: number, limit: number): Promise<readonly ResultRecord[]>
  /** Setbacks of a job, or of one of its tasks, the oldest first. Of many only the first are kept. */
  setbacks(job: JobId, task: number | undefined, limit: number): Promise<readonly SetbackRecord[]>

  /** Forgets jobs that have ended; those that have not stay. Returns the blobs that go with them. */
  forget(jobs: readonly JobId[]): Promise<readonly BlobRef[]>
  /** Forgets jobs that ended long ago, or are too many or too large. */
  prune(bounds: PruneBounds): Promise<readonly BlobRef[]>
  /** Every blob that results and inputs refer to, once for each reference. */
  blobs(): AsyncIterable<readonly BlobRef[]>

  /** Writes what was committed, then closes. Can be called again. */
  close(): Promise<void>
}

export interface TaskQuery {
  readonly from: number
  readonly limit: number
  readonly states?: readonly ('finished' | 'failed' | 'canceled' | 'aborted')[]
}

/** Of jobs that have ended. */
export interface PruneBounds {
  /** Milliseconds since they ended. */
  readonly ageMs: number
  readonly jobs: number
  /** Bytes of the file, and of the blobs that it refers to. */
  readonly bytes: number
}
