/**
 * The tables of a journal, and how those of earlier versions become these.
 *
 * Tasks are found by a key that holds the job's number and their own; both are bounded (2^31 jobs,
 * 10^8 tasks), so it fits the integer by which SQLite finds a row fastest. Waiting tasks have no
 * row of their own: they are those of the inputs that neither have a lease nor a result.
 */
import type { DatabaseSync } from 'node:sqlite'
import { P2pJobsError } from '../core/errors.ts'

/** A key is a job's number, shifted by this, and a task's. */
const TASK_BITS = 27
const TASK_MASK = 2 ** TASK_BITS - 1

/** SQL for the key of a task, the job and the task of a key, and the range of a job's keys. */
export const keyOf = (job: string, task: string): string => `(${job} << ${TASK_BITS} | ${task})`
export const jobOf = (key: string): string => `(${key} >> ${TASK_BITS})`
export const taskOf = (key: string): string => `(${key} & ${TASK_MASK})`
export const isOfJob = (key: string, job: string): string =>
  `${key} BETWEEN ${keyOf(job, '0')} AND ${keyOf(job, String(TASK_MASK))}`

/** Never changed once released: later versions add steps. */
export const JOURNAL_STEPS: readonly string[] = [
  `
  CREATE TABLE journal (
    epoch TEXT NOT NULL,
    last_job INTEGER NOT NULL, -- of the jobs that were forgotten
    last_place INTEGER NOT NULL, -- of their results
    fences INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE jobs (
    job INTEGER PRIMARY KEY,
    is_open INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    canceled INTEGER NOT NULL,
    aborted INTEGER NOT NULL,
    setbacks INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX jobs_live ON jobs (job) WHERE ended_at IS NULL;
  CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

  -- Apart from the jobs' counts, which change with every commit.
  CREATE TABLE specs (job INTEGER PRIMARY KEY, spec BLOB NOT NULL, options TEXT NOT NULL) STRICT;

  CREATE TABLE workers (id INTEGER PRIMARY KEY, worker TEXT NOT NULL UNIQUE) STRICT;

  -- Neighboring inputs, by the key of the first.
  CREATE TABLE inputs (key INTEGER PRIMARY KEY, count INTEGER NOT NULL, inputs BLOB NOT NULL) STRICT;

  -- The last lease of each task that was leased and has not ended.
  CREATE TABLE leases (
    key INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,
    worker INTEGER,
    flags INTEGER NOT NULL,
    wrongs BLOB
  ) STRICT;

  CREATE TABLE results (
    key INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    state INTEGER NOT NULL,
    worker INTEGER,
    ended_at INTEGER NOT NULL,
    result BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX results_place ON results (key >> 27, place);
  -- A person looks for the few that went wrong.
  CREATE INDEX results_wrong ON results (key >> 27, key) WHERE state > 0;

  CREATE TABLE setbacks (
    key INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker INTEGER,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX setbacks_key ON setbacks (key, attempt);

  -- A row for each reference.
  CREATE TABLE blobs (job INTEGER NOT NULL, blob BLOB NOT NULL, bytes INTEGER NOT NULL) STRICT;
  CREATE INDEX blobs_job ON blobs (job);

  -- Jobs whose rows are being removed.
  CREATE TABLE forgotten (job INTEGER PRIMARY KEY) STRICT;

  INSERT INTO journal VALUES (lower(hex(randomblob(16))), 0, 0, 0);
  `
]

export const SCHEMA_VERSION = JOURNAL_STEPS.length

/**
 * Makes the tables what this version needs: step n of `steps` leads to schema n + 1. Throws
 * JOURNAL_NEWER, and whatever SQLite does.
 */
export function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
    user_version: number
  }
  if (version > steps.length) {
    throw new P2pJobsError(
      'JOURNAL_NEWER',
      `${path} was written by a later version of p2pjobs (its schema is ${version}, this version knows ${steps.length} and earlier): use that version, or move the file away to begin a new journal`
    )
  }
  if (version === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) {
    throw new P2pJobsError(
      'JOURNAL_FAILED',
      `${path} is a database of another program: move it away to begin a journal`
    )
  }
  for (let step = version; step < steps.length; step++) {
    database.exec(`BEGIN; ${steps[step] ?? ''}; PRAGMA user_version = ${step + 1}; COMMIT`)
  }
}
