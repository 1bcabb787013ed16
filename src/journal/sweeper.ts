/**
 * Forgets jobs: at once as far as anybody can see, and their rows little by little, so that no
 * commit waits long. What is left of that when the process ends goes after the next start.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareAll } from './database.ts'
import type { BlobRows, Calls } from './rows.ts'
import { isOfJob } from './schema.ts'

/** Rows of a table, and pages of the file, that one step gives back. */
const STEP_ROWS = 2_000
const STEP_PAGES = 1_000

const TABLES = ['results', 'inputs', 'setbacks', 'leases'] as const

const STATEMENTS = {
  refs: 'SELECT blob, bytes FROM blobs WHERE job = ?',
  unrefer: 'DELETE FROM blobs WHERE job = ?',
  job: 'DELETE FROM jobs WHERE job = ? AND ended_at IS NOT NULL',
  spec: 'DELETE FROM specs WHERE job = ?',
  forgotten: 'INSERT INTO forgotten VALUES (?)',
  marks: 'UPDATE journal SET last_job = max(last_job, ?), last_place = max(last_place, ?)',
  next: 'SELECT job FROM forgotten LIMIT 1',
  swept: 'DELETE FROM forgotten WHERE job = ?',
  outdated: `SELECT job FROM jobs WHERE ended_at < ?1 UNION
    SELECT * FROM (SELECT job FROM jobs WHERE ended_at > 0 ORDER BY ended_at DESC, job DESC
      LIMIT -1 OFFSET ?2)`,
  outputs: 'SELECT ifnull(sum(bytes), 0) AS bytes FROM blobs',
  oldest: 'SELECT job FROM jobs WHERE ended_at > 0 ORDER BY ended_at, job LIMIT 1'
}

export class Sweeper implements Pick<Calls, 'outdated' | 'excess'> {
  readonly #database: DatabaseSync
  readonly #run: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>
  readonly #sweep: readonly StatementSync[]

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#run = prepareAll(database, STATEMENTS)
    this.#sweep = TABLES.map((table) =>
      database.prepare(
        `DELETE FROM ${table} WHERE rowid IN
          (SELECT rowid FROM ${table} WHERE ${isOfJob('key', '?1')} LIMIT ${STEP_ROWS})`
      )
    )
  }

  outdated(endedBefore: number, keep: number): number[] {
    return this.#run.outdated.all(endedBefore, keep).map(({ job }) => job as number)
  }

  excess(bytes: number): number | undefined {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count')
    const outputs = this.#run.outputs.get()?.['bytes'] as number
    if (pages * this.#pragma('page_size') + outputs <= bytes) return undefined
    return this.#run.oldest.get()?.['job'] as number | undefined
  }

  /** Inside a transaction. `marks`: the highest job and place there ever were. */
  forget(jobs: readonly number[], marks: readonly [job: number, place: number]): BlobRows['refs'] {
    this.#run.marks.run(...marks)
    return jobs.flatMap((job) => {
      const refs = this.#run.refs.all(job) as unknown as BlobRows['refs']
      if (this.#run.job.run(job).changes === 0) return []
      this.#run.spec.run(job)
      this.#run.unrefer.run(job)
      this.#run.forgotten.run(job)
      return refs
    })
  }

  /** Inside a transaction; false when no rows are left to remove. */
  sweepRows(): boolean {
    const job = this.#run.next.get()?.['job'] as number | undefined
    if (job === undefined) return false
    const isSwept = this.#sweep.every((statement) => Number(statement.run(job).changes) < STEP_ROWS)
    if (isSwept) this.#run.swept.run(job)
    return true
  }

  /** Outside of any; false when the file has no empty pages left. */
  sweepPages(): boolean {
    if (this.#pragma('freelist_count') > 0) {
      this.#database.exec(`PRAGMA incremental_vacuum(${STEP_PAGES})`)
      return true
    }
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return false
  }

  #pragma(name: string): number {
    return Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number
  }
}
