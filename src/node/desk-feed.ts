/**
 * Jobs on their way into a durable master: fed by a client, or made of an earlier one.
 */
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type { JobRecord } from '../core/job-records.ts'
import type { JobChange } from '../core/job-views.ts'
import type { JobId, Payload } from '../core/types.ts'
import type { Inputs } from '../control/control-server.ts'
import type { Item, Request } from '../control/messages.ts'
import type { TaskQuery } from '../journal/journal.ts'
import type { DeskJobs } from './desk.ts'

/** Tasks copied at a time when a job is retried. */
const RETRY_PAGE = 64

/** Jobs that clients feed now: one client each. */
export class Feeds {
  readonly #jobs: DeskJobs
  readonly #fed = new Set<JobId>()

  constructor(jobs: DeskJobs) {
    this.#jobs = jobs
  }

  /** A new job, and all that follows. */
  async *submit(
    { spec, options, inputs, isWhole }: Extract<Request, { type: 'submit' }>,
    more: AsyncIterable<Inputs>
  ): AsyncGenerator<Item, void, undefined> {
    if (isWhole) {
      const job = await this.#jobs.submitWhole(spec, options, inputs)
      yield { type: 'fed', job, tasks: inputs.length, waiting: this.#waiting(job) }
      return
    }
    const job = await this.#jobs.submit(spec, options)
    yield* this.#feed(job, inputs, 0, more)
  }

  /** What was still to come of a job. Throws NOT_FOUND, CLOSED, REFUSED. */
  async *resume(job: JobId, more: AsyncIterable<Inputs>): AsyncGenerator<Item, void, undefined> {
    const live = this.#jobs.state.jobs.get(job)
    if (live === undefined) throw new P2pJobsError('NOT_FOUND', `there is no job ${job} to feed`)
    if (!live.isOpen) throw new P2pJobsError('CLOSED', `job ${job} has all its tasks already`)
    if (this.#fed.has(job)) throw new P2pJobsError('REFUSED', `job ${job} is fed by another client`)
    yield* this.#feed(job, [], live.lastTask, more)
  }

  async *#feed(
    job: JobId,
    first: readonly Uint8Array[],
    before: number,
    more: AsyncIterable<Inputs>
  ): AsyncGenerator<Item, void, undefined> {
    let tasks = before
    let isWhole = false
    let failure: unknown
    this.#fed.add(job)
    try {
      if (first.length > 0) await this.#jobs.add(job, first)
      tasks += first.length
      yield { type: 'fed', job, tasks, waiting: this.#waiting(job) }
      for await (const { inputs } of more) {
        await this.#jobs.add(job, inputs)
        tasks += inputs.length
        yield { type: 'fed', job, tasks, waiting: this.#waiting(job) }
      }
      await this.#jobs.close(job)
      isWhole = true
    } catch (error) {
      failure = error
      throw error
    } finally {
      this.#fed.delete(job)
      // Of a node that ends, whoever fed it may come back to the next one.
      if (!isWhole && operatingErrorOf(failure)?.code !== 'STOPPED')
        await this.#giveUp(job, failure)
    }
  }

  /** Nobody knows what would have followed. */
  async #giveUp(job: JobId, failure: unknown): Promise<void> {
    const code = operatingErrorOf(failure)?.code
    const hasVanished = failure === undefined || code === 'UNREACHABLE'
    const reason = hasVanished
      ? 'whoever submitted it vanished before all its tasks were submitted'
      : `its tasks could not all be submitted: ${toError(failure).message}`
    await this.#jobs.cancel(job, reason)
  }

  #waiting(job: JobId): number {
    return this.#jobs.state.jobs.get(job)?.counts.waiting ?? 0
  }
}

/** Submits a new job with the same spec and the inputs of an earlier one: all, or those that failed. */
export async function retryJob(
  jobs: DeskJobs,
  { job, spec, options }: JobRecord,
  isFailedOnly: boolean
): Promise<JobChange> {
  const pages = inputPages(jobs, job, isFailedOnly)
  const first = await pages.next()
  if (first.done === true) return { job, change: 'retried', newJob: undefined, tasks: 0 }
  const newOptions = withoutDependencies(options)
  if (first.value.length < RETRY_PAGE) {
    const newJob = await jobs.submitWhole(spec, newOptions, first.value)
    return { job, change: 'retried', newJob, tasks: first.value.length }
  }
  const newJob = await jobs.submit(spec, newOptions)
  try {
    let tasks = first.value.length
    await jobs.add(newJob, first.value)
    for await (const inputs of pages) {
      await jobs.add(newJob, inputs)
      tasks += inputs.length
    }
    await jobs.close(newJob)
    return { job, change: 'retried', newJob, tasks }
  } catch (error) {
    await jobs.cancel(newJob, `job ${job} could not be retried: ${toError(error).message}`)
    throw error
  }
}

/** What the first job waited for has been waited for. */
function withoutDependencies(options: JobOptions): JobOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => name !== 'after')
  ) as unknown as JobOptions
}

async function* inputPages(
  { journal }: DeskJobs,
  job: JobId,
  isFailedOnly: boolean
): AsyncGenerator<readonly Payload[], void, undefined> {
  const states: Pick<TaskQuery, 'states'> = isFailedOnly
    ? { states: ['failed', 'canceled', 'aborted'] }
    : {}
  let from = 1
  while (true) {
    const page = await journal.tasks(job, { ...states, from, limit: RETRY_PAGE })
    const last = page.at(-1)
    if (last === undefined) return
    yield page.map(({ input }) => input)
    if (page.length < RETRY_PAGE) return
    from = last.task + 1
  }
}
