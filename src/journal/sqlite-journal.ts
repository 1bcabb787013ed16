/**
 * The journal on disk: a file of SQLite that belongs to this process, written by a thread.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { JobRecord, ResultRecord, SetbackRecord, TaskRecord } from '../core/job-records.ts'
import { RUN_TIMES_RESTORED_MAX } from '../core/limits.ts'
import type { JournalRecord, Saved, SavedEnd, SavedJob, SavedTask } from '../core/master/journal.ts'
import { inlineBytes, inlineBytesOf } from '../core/result.ts'
import type { BlobRef, JobId } from '../core/types.ts'
import { Commits } from './commits.ts'
import { damaged } from './damage.ts'
import {
  blobRefOf,
  decodeInputs,
  jobRecordOf,
  nodeOf,
  resultRecordOf,
  runTimeOf,
  savedEndOf,
  savedJobOf,
  savedLeaseOf,
  setbackRecordOf
} from './encoding.ts'
import { encodeCommits } from './entries.ts'
import type { Journal, PruneBounds, TaskQuery } from './journal.ts'
import { END_STATES } from './rows.ts'
import type { BlobRows, Calls, SavedRows } from './rows.ts'
import { spaceRefusal } from './space.ts'
import { ThreadLink } from './thread-link.ts'

/** Jobs that are loaded at a time: the spec of one may have megabytes. */
const PIECE_JOBS = 100

/**
 * Opens the journal in this file, or begins one. Throws JOURNAL_NEWER when a later version wrote
 * it, JOURNAL_FULL when there is no space for it, and JOURNAL_FAILED when another process has it
 * or it cannot be read.
 */
export async function openJournal(path: string): Promise<Journal> {
  const link = new ThreadLink<Calls>(path, 'thread-main')
  try {
    return new SqliteJournal(path, link, await link.ask('open'))
  } catch (error) {
    await link.close()
    throw error
  }
}

class SqliteJournal implements Journal {
  readonly epoch: string
  readonly #path: string
  readonly #link: ThreadLink<Calls>
  readonly #commits: Commits<JournalRecord>
  #closed: Promise<void> | undefined

  constructor(path: string, link: ThreadLink<Calls>, epoch: string) {
    this.epoch = epoch
    this.#path = path
    this.#link = link
    this.#commits = new Commits({
      commit: async (commits) => await link.ask('commit', encodeCommits(commits)),
      isRefusable: ({ type }) => type === 'submitted' || type === 'added',
      bytesOf
    })
  }

  refusal(): Error | undefined {
    return spaceRefusal(this.#path)
  }

  async commit(records: readonly JournalRecord[]): Promise<void> {
    this.#checkOpen()
    await this.#commits.add(records)
  }

  async *load(): AsyncGenerator<readonly Saved[]> {
    yield [{ type: 'last-job', job: (await this.#ask('lastJob')) as JobId | 0 }]
    const live: JobId[] = []
    const awaited = new Set<JobId>()
    for await (const jobs of this.#liveJobs()) {
      for (const { job, options } of jobs) {
        live.push(job)
        for (const { job: other } of options.after ?? []) awaited.add(other)
      }
      yield jobs
    }
    if (awaited.size > 0) yield await this.ends([...awaited])
    for (const job of live) yield* this.#savedTasks(job)
  }

  async *#liveJobs(): AsyncGenerator<readonly SavedJob[]> {
    for (let after = 0; ;) {
      const rows = await this.#ask('liveJobs', after, PIECE_JOBS)
      const jobs = this.#read(() => rows.map(savedJobOf))
      if (jobs.length > 0) yield await Promise.all(jobs.map((job) => this.#withRunTimes(job)))
      if (rows.length < PIECE_JOBS) return
      after = rows.at(-1)?.job ?? after
    }
  }

  /** A job that hedges has to know what is usual. */
  async #withRunTimes(job: SavedJob): Promise<SavedJob> {
    if (job.options.hedge !== true) return job
    const rows = await this.#ask('lastFinished', job.job, RUN_TIMES_RESTORED_MAX)
    return this.#read(() => ({ ...job, runTimes: rows.map(runTimeOf) }))
  }

  async *#savedTasks(job: JobId): AsyncGenerator<readonly Saved[]> {
    // The thread reads a piece while the one before is being used.
    let coming: Promise<SavedRows> | undefined = this.#ask('savedTasks', job, 1)
    while (coming !== undefined) {
      const piece: SavedRows = await coming
      const { next } = piece
      coming = next === undefined ? undefined : this.#ask('savedTasks', job, next)
      // Whoever does not read on does not want to hear of it either.
      coming?.catch(() => undefined)
      const tasks = this.#read(() => savedTasksOf(piece))
      if (tasks.length > 0) yield [{ type: 'tasks', job, tasks }]
    }
  }

  async jobs(limit: number, before?: JobId): Promise<readonly JobRecord[]> {
    const rows = await this.#ask('jobs', before ?? Number.MAX_SAFE_INTEGER, limit)
    return this.#read(() => rows.map(jobRecordOf))
  }

  async job(job: JobId): Promise<JobRecord | undefined> {
    const row = await this.#ask('job', job)
    return row && this.#read(() => jobRecordOf(row))
  }

  async ends(jobs: readonly JobId[]): Promise<readonly SavedEnd[]> {
    return (await this.#ask('ends', jobs)).map(savedEndOf)
  }

  async tasks(job: JobId, { from, limit, states }: TaskQuery): Promise<readonly TaskRecord[]> {
    const numbers = states?.map((state) => END_STATES.indexOf(state))
    const { rows, tasks } = await this.#ask('tasks', job, from, limit, numbers)
    return this.#read(() => {
      const inputs = rows.map(decodeInputs)
      return tasks.map(({ task, row, at, lease, result }): TaskRecord => {
        const input = inputs[row]?.[at]
        if (input === undefined) throw new Error(`task ${task} has no input`)
        return {
          task,
          input,
          lease: lease && { attempt: lease.attempt, worker: nodeOf(lease.worker) },
          result: result && resultRecordOf(job, result)
        }
      })
    })
  }

  async results(job: JobId, place: number, limit: number): Promise<readonly ResultRecord[]> {
    const rows = await this.#ask('results', job, place, limit)
    return this.#read(() => rows.map((row) => resultRecordOf(job, row)))
  }

  async setbacks(
    job: JobId,
    task: number | undefined,
    limit: number
  ): Promise<readonly SetbackRecord[]> {
    const rows = await this.#ask('setbacks', job, task, limit)
    return rows.map((row) => setbackRecordOf(job, row))
  }

  async forget(jobs: readonly JobId[]): Promise<readonly BlobRef[]> {
    const refs = await this.#ask('forget', jobs)
    await this.#sweep()
    return refs.map(blobRefOf)
  }

  async prune({ ageMs, jobs, bytes }: PruneBounds): Promise<readonly BlobRef[]> {
    const refs: BlobRows['refs'][] = []
    const keep = Math.min(jobs, Number.MAX_SAFE_INTEGER)
    const outdated = await this.#ask('outdated', Date.now() - ageMs, keep)
    if (outdated.length > 0) refs.push(await this.#ask('forget', outdated))
    await this.#sweep()
    for (;;) {
      const job = await this.#ask('excess', bytes)
      if (job === undefined) return refs.flat().map(blobRefOf)
      refs.push(await this.#ask('forget', [job]))
      await this.#sweep()
    }
  }

  async #sweep(): Promise<void> {
    let hasMore = true
    while (hasMore) hasMore = await this.#ask('sweep')
  }

  async *blobs(): AsyncGenerator<readonly BlobRef[]> {
    for (let after: number | undefined = 0; after !== undefined;) {
      const { refs, next }: BlobRows = await this.#ask('blobs', after)
      yield refs.map(blobRefOf)
      after = next
    }
  }

  async close(): Promise<void> {
    this.#closed ??= this.#commits.settled().then(async () => await this.#link.close())
    await this.#closed
  }

  readonly #ask: ThreadLink<Calls>['ask'] = async (call, ...args) => {
    this.#checkOpen()
    return await this.#link.ask(call, ...args)
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return
    throw new P2pJobsError('JOURNAL_FAILED', `the journal ${this.#path} has been closed`)
  }

  /** Turns rows into what they mean. */
  #read<Value>(decode: () => Value): Value {
    try {
      return decode()
    } catch (cause) {
      throw damaged(this.#path, 'read', toError(cause).message, cause)
    }
  }
}

/** What takes most of the space of a record. */
function bytesOf(record: JournalRecord): number {
  if (record.type === 'settled') return inlineBytesOf(record.result)
  return record.type === 'added'
    ? record.inputs.reduce((sum, input) => sum + inlineBytes(input), 0)
    : 0
}

function savedTasksOf({ rows, ended, leases }: SavedRows): SavedTask[] {
  const tasks: SavedTask[] = []
  let endedAt = 0
  let leasesAt = 0
  for (const row of rows) {
    for (const [at, input] of decodeInputs(row).entries()) {
      const task = row.first + at
      if (ended[endedAt] === task) {
        endedAt++
        continue
      }
      while ((leases[leasesAt]?.task ?? Infinity) < task) leasesAt++
      const lease = leases[leasesAt]
      tasks.push({ task, input, lease: lease?.task === task ? savedLeaseOf(lease) : undefined })
    }
  }
  return tasks
}
