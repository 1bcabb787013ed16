/**
 * Writes entries into the tables, inside a transaction of its caller's.
 *
 * What is there already stays as it is, so that records may come again.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareAll } from './database.ts'
import type { BlobRef } from '../core/types.ts'
import { IS_HELD, IS_REPORT_DUE, NUMBERS_SHIFT } from './rows.ts'
import type { Entry } from './rows.ts'
import { isOfJob, jobOf, keyOf } from './schema.ts'
import { Tallies } from './tallies.ts'

/** Of many setbacks of a job only the first are kept. */
export const SETBACKS_KEPT_MAX = 10_000

type EntryOf<Type extends Entry['type']> = Extract<Entry, { type: Type }>

const TASK = keyOf('?1', '?2')
/** A late or repeated record must not bring back the lease of a task that has ended. */
const UNLESS_ENDED = `WHERE NOT EXISTS (SELECT 1 FROM results WHERE key = ${TASK})`

/** The highest number that is used up by leases of a task. */
const LAST_ATTEMPT = `attempt + (leases.flags >> ${NUMBERS_SHIFT})`

const STATEMENTS = {
  job: 'INSERT INTO jobs VALUES (?, 1, 0, 0, 0, 0, 0, 0, ?, NULL) ON CONFLICT DO NOTHING',
  spec: 'INSERT INTO specs VALUES (?, ?, ?)',
  inputs: `INSERT INTO inputs VALUES (${TASK}, ?3, ?4)`,
  blob: 'INSERT INTO blobs VALUES (?, ?, ?)',
  lease: `INSERT INTO leases (key, attempt, worker, flags)
    SELECT ${TASK}, ?3, ?4, ${IS_HELD | IS_REPORT_DUE} ${UNLESS_ENDED}
    ON CONFLICT DO UPDATE SET attempt = ?3, worker = ?4, flags = excluded.flags
    WHERE ?3 > ${LAST_ATTEMPT}`,
  relate: `INSERT INTO leases SELECT ${TASK}, ?3, ?4, ?5, ?6 ${UNLESS_ENDED}
    ON CONFLICT DO UPDATE SET attempt = ?3, worker = ?4, flags = ?5, wrongs = ?6
    WHERE ?3 + (?5 >> ${NUMBERS_SHIFT}) >= ${LAST_ATTEMPT}`,
  setback: `INSERT INTO setbacks SELECT ${TASK}, ?3, ?4, ?5, ?6 WHERE NOT EXISTS
    (SELECT 1 FROM setbacks WHERE key = ${TASK} AND attempt = ?3 AND reason = ?5)`,
  result: `INSERT INTO results VALUES (${TASK}, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING`,
  release: `DELETE FROM leases WHERE key = ${TASK}`,
  releaseAll: `DELETE FROM leases WHERE ${isOfJob('key', '?1')}`,
  worker: 'SELECT id FROM workers WHERE worker = ?',
  newWorker: 'INSERT INTO workers (worker) VALUES (?)'
}

/**
 * Job by job, because the index of places is by job (SQLite sees that only by the plus); those of
 * forgotten jobs are noted.
 */
const LAST_PLACE = `SELECT max(last_place, ifnull((SELECT max(last) FROM
  (SELECT (SELECT max(place) FROM results WHERE ${jobOf('key')} = +job) AS last FROM jobs)), 0))
  AS place FROM journal`

export class Writer {
  readonly tallies: Tallies
  readonly #run: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>
  readonly #workers = new Map<string, number>()
  /** The place of the last result, in this transaction and before it. */
  #place: number
  #placeBefore: number

  constructor(database: DatabaseSync) {
    this.tallies = new Tallies(database)
    this.#run = prepareAll(database, STATEMENTS)
    const { place } = database.prepare(LAST_PLACE).get() as { place: number }
    this.#place = this.#placeBefore = place
  }

  /** The place of the last result that is on disk. */
  get lastPlace(): number {
    return this.#placeBefore
  }

  write(entry: Entry, at: number): void {
    if (entry.type === 'submitted') this.#submitted(entry, at)
    else if (entry.type === 'leased') this.#leased(entry)
    else this.#ofJob(entry, at)
  }

  /** To be called before the transaction is committed. */
  finish(): void {
    this.tallies.write()
  }

  /** After a transaction: it is on disk, or came to nothing. */
  ended(isCommitted: boolean): void {
    if (isCommitted) {
      this.#placeBefore = this.#place
      return
    }
    this.#place = this.#placeBefore
    this.#workers.clear()
    this.tallies.forget()
  }

  #submitted({ job, spec, options }: EntryOf<'submitted'>, at: number): void {
    if (this.#run.job.run(job, at).changes === 1) this.#run.spec.run(job, spec, options)
  }

  #leased({ worker, attempts }: EntryOf<'leased'>): void {
    const id = this.#workerId(worker)
    for (const { job, task, attempt } of attempts) {
      if (this.#isTask(job, task)) this.#run.lease.run(job, task, attempt, id)
    }
  }

  #isTask(job: number, task: number): boolean {
    return task <= (this.tallies.get(job)?.tasks ?? 0)
  }

  #ofJob(entry: Exclude<Entry, EntryOf<'submitted' | 'leased'>>, at: number): void {
    const tally = this.tallies.get(entry.job)
    if (tally === undefined) return
    switch (entry.type) {
      case 'added':
        this.#added(entry)
        break
      case 'closed':
        tally.isOpen = 0
        break
      case 'setback':
      case 'adopted':
        this.#related(entry, at)
        break
      case 'settled':
        this.#settled(entry, at)
        break
      case 'ended':
        tally.endedAt ??= at
        tally.isOpen = 0
        this.#run.releaseAll.run(entry.job)
    }
    this.tallies.change(tally)
  }

  #added({ job, rows, blobs }: EntryOf<'added'>): void {
    const tally = this.tallies.get(job)
    if (tally === undefined || (rows[0]?.first ?? 0) <= tally.tasks) return
    for (const { first, count, inputs } of rows) {
      if (first !== tally.tasks + 1) {
        throw new Error(`task ${first} of job ${job} was added after task ${tally.tasks}`)
      }
      this.#run.inputs.run(job, first, count, inputs)
      tally.tasks += count
    }
    this.#refer(job, blobs)
  }

  #related(entry: EntryOf<'setback' | 'adopted'>, at: number): void {
    const { job, task, attempt, flags, wrongs } = entry
    const tally = this.tallies.get(job)
    if (tally === undefined || task > tally.tasks) return
    const worker = entry.worker === null ? null : this.#workerId(entry.worker)
    this.#run.relate.run(job, task, attempt, worker, flags, wrongs)
    if (entry.type === 'adopted' || tally.setbacks >= SETBACKS_KEPT_MAX) return
    const { changes } = this.#run.setback.run(job, task, attempt, worker, entry.reason, at)
    tally.setbacks += Number(changes)
  }

  #settled(entry: EntryOf<'settled'>, at: number): void {
    const { job, task, attempt, state, result, blobs } = entry
    const tally = this.tallies.get(job)
    if (tally === undefined || task > tally.tasks) return
    const worker = entry.worker === null ? null : this.#workerId(entry.worker)
    const place = this.#place + 1
    const { changes } = this.#run.result.run(job, task, place, attempt, state, worker, at, result)
    if (changes === 0) return
    this.#place = place
    tally.ended[state as 0 | 1 | 2 | 3]++
    this.#run.release.run(job, task)
    this.#refer(job, blobs)
  }

  #refer(job: number, blobs: readonly BlobRef[]): void {
    for (const { blob, bytes } of blobs) this.#run.blob.run(job, Buffer.from(blob, 'hex'), bytes)
  }

  /** Names of workers are long and few: rows hold a number instead. */
  #workerId(worker: string): number {
    const known = this.#workers.get(worker)
    if (known !== undefined) return known
    const row = this.#run.worker.get(worker) as { id: number } | undefined
    const id = row?.id ?? Number(this.#run.newWorker.run(worker).lastInsertRowid)
    this.#workers.set(worker, id)
    return id
  }
}
