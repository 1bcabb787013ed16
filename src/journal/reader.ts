/**
 * Reads the tables: what a master is rebuilt from, and what people ask for.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareAll } from './database.ts'
import type {
  BlobRows,
  Calls,
  EndRow,
  InputRow,
  JobRow,
  LeaseRow,
  ResultRow,
  SavedRows,
  SetbackRow,
  TaskRow,
  TaskRows
} from './rows.ts'
import { isOfJob, jobOf, keyOf, taskOf } from './schema.ts'

/** A piece of what is loaded: at least so many tasks, or bytes, unless it is the last. */
const PIECE_TASKS = 5_000
const PIECE_BYTES = 1024 * 1024
const PIECE_BLOBS = 5_000

const FROM = keyOf('?1', '?2')
const TO = keyOf('?1', '?3')
const WORKER = '(SELECT worker FROM workers WHERE id = t.worker) AS worker'
const JOB = `SELECT job, spec, options, is_open AS isOpen, tasks, finished, failed, canceled, aborted,
  submitted_at AS submittedAt, ended_at AS endedAt FROM jobs JOIN specs USING (job)`
const INPUTS = `SELECT ${taskOf('key')} AS first, count, inputs FROM inputs`
const LEASE = `SELECT ${taskOf('key')} AS task, attempt, ${WORKER}, flags, wrongs FROM leases t`
const RESULT = `SELECT place, ${taskOf('key')} AS task, attempt, state, ${WORKER},
  ended_at AS endedAt, result FROM results t`
const SETBACK = `SELECT ${taskOf('key')} AS task, attempt, ${WORKER}, reason, at FROM setbacks t`

const STATEMENTS = {
  lastJob: `SELECT max(last_job, ifnull((SELECT max(job) FROM jobs), 0)) AS job FROM journal`,
  liveJobs: `${JOB} WHERE job > ? AND ended_at IS NULL ORDER BY job LIMIT ?`,
  jobs: `${JOB} WHERE job < ? ORDER BY job DESC LIMIT ?`,
  job: `${JOB} WHERE job = ?`,
  end: 'SELECT job, finished, failed, canceled, aborted FROM jobs WHERE job = ? AND ended_at > 0',
  ended: `SELECT ${taskOf('key')} AS task FROM results WHERE ${jobOf('key')} = ?`,
  /** Rows of inputs from the one on that has the first task. */
  inputs: `${INPUTS} WHERE ${isOfJob('key', '?1')} AND key >=
    ifnull((SELECT max(key) FROM inputs WHERE key BETWEEN ${keyOf('?1', '0')} AND ${FROM}), 0)
    ORDER BY key`,
  lastFinished: `SELECT result FROM results WHERE ${jobOf('key')} = ? AND state = 0
    ORDER BY place DESC LIMIT ?`,
  leases: `${LEASE} WHERE key BETWEEN ${FROM} AND ${TO} ORDER BY key`,
  resultsFromTo: `${RESULT} WHERE key BETWEEN ${FROM} AND ${TO} ORDER BY key`,
  results: `${RESULT} WHERE ${jobOf('key')} = ?1 AND place > ?2 ORDER BY place LIMIT ?3`,
  resultsOf: `${RESULT} WHERE ${isOfJob('key', '?1')} AND key >= ${FROM}
    AND state IN (SELECT value FROM json_each(?4)) ORDER BY key LIMIT ?3`,
  /** The same by the index of what went wrong. */
  wrongsOf: `${RESULT} WHERE ${jobOf('key')} = ?1 AND key >= ${FROM} AND state > 0
    AND state IN (SELECT value FROM json_each(?4)) ORDER BY key LIMIT ?3`,
  setbacks: `${SETBACK} WHERE ${isOfJob('key', '?1')} ORDER BY rowid LIMIT ?2`,
  setbacksOf: `${SETBACK} WHERE key = ${FROM} ORDER BY rowid LIMIT ?3`,
  blobs: 'SELECT rowid AS id, blob, bytes FROM blobs WHERE rowid > ? ORDER BY rowid LIMIT ?'
}

type Queries = Pick<
  Calls,
  | 'lastJob'
  | 'liveJobs'
  | 'savedTasks'
  | 'lastFinished'
  | 'jobs'
  | 'job'
  | 'ends'
  | 'tasks'
  | 'results'
  | 'setbacks'
  | 'blobs'
>

export class Reader implements Queries {
  readonly #get: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>
  /** Which tasks of the job that is being loaded have ended, a bit each. */
  #ended: { readonly job: number; readonly bits: Uint8Array } | undefined

  constructor(database: DatabaseSync) {
    this.#get = prepareAll(database, STATEMENTS)
  }

  lastJob(): number {
    return (this.#get.lastJob.get() as { job: number }).job
  }

  liveJobs(after: number, limit: number): JobRow[] {
    return this.#get.liveJobs.all(after, limit) as unknown as JobRow[]
  }

  savedTasks(job: number, from: number): SavedRows {
    if (from === 1 || this.#ended?.job !== job) this.#ended = { job, bits: this.#endedOf(job) }
    const { bits } = this.#ended
    const rows: InputRow[] = []
    const ended: number[] = []
    let next = from
    let tasks = 0
    let bytes = 0
    for (const row of this.#inputsFrom(job, from)) {
      if (tasks >= PIECE_TASKS || bytes >= PIECE_BYTES) {
        return { rows, ended, leases: this.#leases(job, from, next - 1), next }
      }
      next = row.first + row.count
      const over: number[] = []
      for (let task = row.first; task < next; task++) if (hasBit(bits, task)) over.push(task)
      if (over.length === row.count) continue
      rows.push(row)
      for (const task of over) ended.push(task)
      tasks += row.count - over.length
      bytes += row.inputs.length
    }
    this.#ended = undefined
    return { rows, ended, leases: this.#leases(job, from, next - 1), next: undefined }
  }

  lastFinished(job: number, limit: number): Pick<ResultRow, 'result'>[] {
    return this.#get.lastFinished.all(job, limit) as unknown as Pick<ResultRow, 'result'>[]
  }

  #endedOf(job: number): Uint8Array {
    const bits = new Uint8Array(((this.job(job)?.tasks ?? 0) >> 3) + 1)
    for (const { task } of this.#get.ended.iterate(job) as Iterable<{ task: number }>) {
      bits[task >> 3] = (bits[task >> 3] ?? 0) | (1 << (task & 7))
    }
    return bits
  }

  #inputsFrom(job: number, task: number): Iterable<InputRow> {
    return this.#get.inputs.iterate(job, task) as unknown as Iterable<InputRow>
  }

  #leases(job: number, from: number, to: number): LeaseRow[] {
    return this.#get.leases.all(job, from, to) as unknown as LeaseRow[]
  }

  jobs(before: number, limit: number): JobRow[] {
    return this.#get.jobs.all(before, limit) as unknown as JobRow[]
  }

  job(job: number): JobRow | undefined {
    return this.#get.job.get(job) as unknown as JobRow | undefined
  }

  ends(jobs: readonly number[]): EndRow[] {
    return jobs.flatMap((job) => (this.#get.end.get(job) as unknown as EndRow | undefined) ?? [])
  }

  tasks(job: number, from: number, limit: number, states?: readonly number[]): TaskRows {
    return states === undefined
      ? this.#tasksFrom(job, from, limit)
      : this.#tasksIn(job, from, limit, states)
  }

  #tasksFrom(job: number, from: number, limit: number): TaskRows {
    const rows: InputRow[] = []
    const to = from + limit - 1
    for (const row of this.#inputsFrom(job, from)) {
      if (row.first > to) break
      rows.push(row)
    }
    const results = byTask(this.#get.resultsFromTo.all(job, from, to) as unknown as ResultRow[])
    const leases = byTask(this.#leases(job, from, to))
    const tasks = rows.flatMap(({ first, count }, row) => {
      const start = Math.max(0, from - first)
      const end = Math.min(count, to + 1 - first)
      return Array.from({ length: Math.max(0, end - start) }, (_, place): TaskRow => {
        const at = start + place
        const task = first + at
        return { task, row, at, lease: leases.get(task), result: results.get(task) }
      })
    })
    return { rows, tasks }
  }

  #tasksIn(job: number, from: number, limit: number, states: readonly number[]): TaskRows {
    const statement = states.includes(0) ? this.#get.resultsOf : this.#get.wrongsOf
    const found = statement.all(job, from, limit, JSON.stringify(states)) as unknown as ResultRow[]
    const rows: InputRow[] = []
    const tasks = found.flatMap((result): TaskRow[] => {
      const { task } = result
      let row = rows.at(-1)
      if (row === undefined || task >= row.first + row.count) {
        row = this.#get.inputs.get(job, task) as unknown as InputRow
        rows.push(row)
      }
      return [{ task, row: rows.length - 1, at: task - row.first, lease: undefined, result }]
    })
    return { rows, tasks }
  }

  results(job: number, place: number, limit: number): ResultRow[] {
    return this.#get.results.all(job, place, limit) as unknown as ResultRow[]
  }

  setbacks(job: number, task: number | undefined, limit: number): SetbackRow[] {
    const rows =
      task === undefined
        ? this.#get.setbacks.all(job, limit)
        : this.#get.setbacksOf.all(job, task, limit)
    return rows as unknown as SetbackRow[]
  }

  blobs(after: number): BlobRows {
    const refs = this.#get.blobs.all(after, PIECE_BLOBS) as unknown as {
      id: number
      blob: Uint8Array
      bytes: number
    }[]
    return { refs, next: refs.length < PIECE_BLOBS ? undefined : refs.at(-1)?.id }
  }
}

function hasBit(bits: Uint8Array, task: number): boolean {
  return (((bits[task >> 3] ?? 0) >> (task & 7)) & 1) === 1
}

function byTask<Row extends { readonly task: number }>(rows: readonly Row[]): Map<number, Row> {
  return new Map(rows.map((row) => [row.task, row]))
}
