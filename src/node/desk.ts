/**
 * The desk of a durable master: answers what is asked on its control socket, from what the journal
 * has written down and what the machine knows.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type { TaskRecord } from '../core/job-records.ts'
import type { Change, JobChange } from '../core/job-views.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { MasterState } from '../core/master/state.ts'
import { isIn } from '../core/selection.ts'
import type { Selection } from '../core/selection.ts'
import type { Spec } from '../core/spec.ts'
import type { JobId, Payload } from '../core/types.ts'
import { inChunks } from '../control/answers.ts'
import type { Answerer, Inputs } from '../control/control-server.ts'
import type { Explanation, Item, OverReason, Part, Request } from '../control/messages.ts'
import type { Journal } from '../journal/journal.ts'
import { Feeds, retryJob } from './desk-feed.ts'
import { followResults, waitForEnds } from './desk-follow.ts'
import { DeskViews } from './desk-views.ts'

/** What the desk needs of a durable master. */
export interface DeskJobs {
  readonly journal: Journal
  readonly state: Pick<MasterState, 'jobs' | 'workers' | 'drained'>
  submit(spec: Spec, options: JobOptions): Promise<JobId>
  submitWhole(spec: Spec, options: JobOptions, inputs: readonly Payload[]): Promise<JobId>
  add(job: JobId, inputs: readonly Payload[]): Promise<void>
  close(job: JobId): Promise<void>
  cancel(job: JobId, reason: string): Promise<void>
  cancelTasks(job: JobId, tasks: readonly number[], reason: string): Promise<void>
  forget(jobs: readonly JobId[]): Promise<void>
  drain(): void
  drainWorker(nameOrId: string, isDraining: boolean): boolean
  watch(listener: (notice: MasterNotice) => void): () => void
  read(payload: Payload, offset?: number): AsyncIterable<Uint8Array>
}

type LiveRequest = Extract<Request, { type: 'live' }>

/** Bytes of a running attempt, and where in its output they stand. */
export interface Piece {
  readonly attempt: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Why there is nothing more of it, what was followed, and how far. */
export interface Over {
  readonly why: OverReason
  readonly attempt: number | undefined
  readonly offset: number
}

export interface DeskInit {
  readonly jobs: DeskJobs
  /** What a running task prints, as it comes. */
  follow(request: LiveRequest, signal: AbortSignal): AsyncGenerator<Piece, Over, undefined>
  /** Why a job that lives, or one of its tasks, does not run, or how it does. */
  explain(job: JobId, task: number | undefined): readonly Explanation[]
}

export class Desk implements Answerer {
  readonly #init: DeskInit
  readonly #jobs: DeskJobs
  readonly #views: DeskViews
  readonly #feeds: Feeds

  constructor(init: DeskInit) {
    this.#init = init
    this.#jobs = init.jobs
    this.#views = new DeskViews(init.jobs)
    this.#feeds = new Feeds(init.jobs)
  }

  answer(request: Request, more: AsyncIterable<Inputs>, signal: AbortSignal): AsyncIterable<Item> {
    switch (request.type) {
      case 'submit':
        return this.#feeds.submit(request, more)
      case 'feed':
        return this.#feeds.resume(request.job, more)
      case 'cancel':
        return this.#cancel(request)
      case 'retry':
        return this.#retry(request.selection, request.isFailedOnly)
      case 'forget':
        return this.#forget(request.selection)
      case 'drain':
        return this.#drain(request.worker, request.isDraining)
      case 'jobs':
      case 'tasks':
      case 'setbacks':
      case 'results':
      case 'bytes':
      case 'live':
      case 'explain':
      case 'wait':
      case 'workers':
        return this.#look(request, signal)
    }
  }

  /** What changes nothing. */
  #look(
    request: Exclude<
      Request,
      { type: 'submit' | 'feed' | 'cancel' | 'retry' | 'forget' | 'drain' }
    >,
    signal: AbortSignal
  ): AsyncIterable<Item> {
    switch (request.type) {
      case 'jobs':
        return this.#list(request.selection)
      case 'tasks':
        return this.#tasks(request)
      case 'setbacks':
        return this.#setbacks(request)
      case 'results':
        return followResults(this.#jobs, this.#views, request, signal)
      case 'bytes':
        return this.#bytes(request)
      case 'live':
        return this.#live(request, signal)
      case 'explain':
        return this.#explain(request.job, request.task)
      case 'wait':
        return this.#wait(request.selection, signal)
      case 'workers':
        return this.#workers()
    }
  }

  async *#list(selection: Selection): AsyncGenerator<Item> {
    for (const record of await this.#views.selectAll(selection)) {
      yield { type: 'job', job: this.#views.jobView(record) }
    }
  }

  async *#tasks({ job, from, limit, states }: Extract<Request, { type: 'tasks' }>) {
    const query = states.length === 0 ? { from, limit } : { from, limit, states }
    for await (const task of this.#views.tasks(job, query)) yield { type: 'task', task } as const
  }

  async *#setbacks({ job, task, limit }: Extract<Request, { type: 'setbacks' }>) {
    for await (const setback of this.#views.setbacks(job, task, limit)) {
      yield { type: 'setback', setback } as const
    }
  }

  async *#bytes({ job, task, part, offset }: Extract<Request, { type: 'bytes' }>) {
    const payload = partOf(job, await this.#task(job, task), part)
    for await (const bytes of this.#jobs.read(payload, offset)) {
      for (const chunk of inChunks(bytes)) yield { type: 'chunk', bytes: chunk } as const
    }
  }

  async *#live(request: LiveRequest, signal: AbortSignal): AsyncGenerator<Item> {
    const pieces = this.#init.follow(request, signal)
    let next = await pieces.next()
    for (; next.done !== true; next = await pieces.next()) {
      let { offset } = next.value
      for (const bytes of inChunks(next.value.bytes)) {
        yield { type: 'piece', attempt: next.value.attempt, offset, bytes }
        offset += bytes.length
      }
    }
    yield { type: 'over', ...next.value }
  }

  async *#explain(job: JobId, task: number | undefined): AsyncGenerator<Item> {
    const record = await this.#views.record(job)
    const result = task === undefined ? undefined : (await this.#task(job, task)).result
    if (result !== undefined) {
      const why = result.result.reason === '' ? '' : `: ${result.result.reason}`
      const text = `task ${job}.${result.task} has ended: it is ${result.state}${why}`
      yield { type: 'reason', reason: { code: 'ended', text } }
      return
    }
    if (record.endedAt !== undefined) {
      const text = `job ${job} has ended: it is ${this.#views.jobView(record).state}`
      yield { type: 'reason', reason: { code: 'ended', text } }
      return
    }
    for (const reason of this.#init.explain(job, task)) yield { type: 'reason', reason }
  }

  async *#wait(selection: Selection, signal: AbortSignal): AsyncGenerator<Item> {
    const records = await this.#views.selectAll(selection)
    const ids = records.map(({ job }) => job)
    yield* waitForEnds(this.#jobs, this.#views, ids, signal)
  }

  async *#workers(): AsyncGenerator<Item> {
    await Promise.resolve()
    for (const worker of this.#views.workers()) yield { type: 'worker', worker }
  }

  async *#cancel({ selection, tasks, reason }: Extract<Request, { type: 'cancel' }>) {
    for (const { job } of await this.#views.selectAll(selection)) {
      const live = this.#jobs.state.jobs.get(job)
      if (live === undefined) {
        yield changeItem(job, 'has ended', 0)
        continue
      }
      const numbers = tasks && [...live.tasks.keys()].filter((task) => isIn(tasks, task))
      const open = numbers?.length ?? live.tasks.size
      if (numbers === undefined) await this.#jobs.cancel(job, reason)
      else if (open > 0) await this.#jobs.cancelTasks(job, numbers, reason)
      yield changeItem(job, 'canceled', open)
    }
  }

  async *#retry(selection: Selection, isFailedOnly: boolean): AsyncGenerator<Item> {
    for (const record of await this.#views.selectAll(selection)) {
      if (record.endedAt === undefined) yield changeItem(record.job, 'has not ended', 0)
      else yield { type: 'change', change: await retryJob(this.#jobs, record, isFailedOnly) }
    }
  }

  async *#forget(selection: Selection): AsyncGenerator<Item> {
    const records = await this.#views.selectAll(selection)
    const gone = records.filter(({ endedAt }) => endedAt !== undefined)
    if (gone.length > 0) await this.#jobs.forget(gone.map(({ job }) => job))
    for (const { job, endedAt, tasks } of records) {
      if (endedAt === undefined) yield changeItem(job, 'has not ended', 0)
      else yield changeItem(job, 'forgotten', tasks)
    }
  }

  async *#drain(worker: string | undefined, isDraining: boolean): AsyncGenerator<Item> {
    await Promise.resolve()
    // A master that is drained lets them go at once.
    const workers = this.#views.workers()
    if (worker === undefined) {
      if (!isDraining) {
        throw new P2pJobsError(
          'USAGE',
          'a master that was drained has let its workers go; start its node again instead'
        )
      }
      this.#jobs.drain()
    } else if (!this.#jobs.drainWorker(worker, isDraining)) {
      const where = 'see `p2pjobs members` for those that are there'
      throw new P2pJobsError('NOT_FOUND', `there is no worker ${worker} here; ${where}`)
    }
    for (const summary of workers) {
      const isMeant = worker === undefined || summary.name === worker || summary.worker === worker
      if (isMeant) yield { type: 'worker', worker: summary }
    }
  }

  /** Throws NOT_FOUND. */
  async #task(job: JobId, task: number): Promise<TaskRecord> {
    await this.#views.record(job)
    const [record] = await this.#jobs.journal.tasks(job, { from: task, limit: 1 })
    if (record?.task === task) return record
    throw new P2pJobsError('NOT_FOUND', `job ${job} has no task ${task}`)
  }
}

function partOf(job: JobId, { task, input, result }: TaskRecord, part: Part): Payload {
  if (part === 'input') return input
  if (result !== undefined) return result.result[part]
  throw new P2pJobsError(
    'TOO_EARLY',
    `task ${job}.${task} has not ended; \`p2pjobs logs -f ${job}.${task}\` follows what it prints`
  )
}

function changeItem(job: JobId, change: Change, tasks: number) {
  const item: JobChange = { job, change, newJob: undefined, tasks }
  return { type: 'change', change: item } as const
}
