/**
 * The jobs that single calls share: one for each function and kind of call, for as long as it is
 * among those that were opened last.
 */
import { JOBS_MAX } from '../core/limits.ts'
import type { FunctionRef } from '../core/spec.ts'
import type { CallOptions } from './options.ts'
import type { PoolJob } from './pool-job.ts'
import { timeLimitOf } from './specs.ts'

/** A program may give each call what is left of its own time: a master takes no job for each. */
const SHARED_MAX = JOBS_MAX / 10

type SharedJob = Pick<PoolJob, 'isFull' | 'close'>

export class SharedJobs<Job extends SharedJob> {
  readonly #open: (ref: FunctionRef, options: CallOptions) => Job
  readonly #jobs = new Map<string, Job>()

  constructor(open: (ref: FunctionRef, options: CallOptions) => Job) {
    this.#open = open
  }

  /** The job for a call, which has to be added in the same turn: later it may take no more. */
  jobFor(ref: FunctionRef, options: CallOptions): Job {
    const { timeoutMs, retries, priority, hedge = false, worker } = options
    const wishes = [timeLimitOf(timeoutMs), retries, priority, hedge, worker]
    const key = [ref.bundle.blob, ref.exportName, ...wishes].join(' ')
    const known = this.#jobs.get(key)
    if (known?.isFull === false) return known
    const job = this.#open(ref, options)
    known?.close()
    this.#jobs.set(key, job)
    if (this.#jobs.size > SHARED_MAX) this.#closeOldest()
    return job
  }

  /** It ends with its last call; a further one of its kind opens another. */
  #closeOldest(): void {
    const [oldest] = this.#jobs
    if (oldest === undefined) return
    const [key, job] = oldest
    this.#jobs.delete(key)
    job.close()
  }
}
