/**
 * Feeds a job of another process of this home, over its restarts: whatever was on disk there when
 * it went away, it gets the rest when it is back.
 */
import { operatingErrorOf } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type { Spec } from '../core/spec.ts'
import type { JobId } from '../core/types.ts'
import { patiently } from './patience.ts'
import type { PatienceInit } from './patience.ts'
import type { JobFeed, RemoteJobs } from './remote-jobs.ts'

/** How a job is opened, and taken up again. */
export type FedJobs = Pick<RemoteJobs, 'submit' | 'resumeFeed'>

export class RemoteFeed {
  readonly job: JobId
  readonly #jobs: FedJobs
  readonly #patience: PatienceInit
  /** Undefined: it broke, and has to be taken up again. */
  #feed: JobFeed | undefined
  /** What is not known to be on disk, behind the tasks that are. */
  #unacknowledged: Uint8Array[] = []
  #acknowledged = 0
  /** One batch is on its way at a time. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  /** Opens the job; it is on disk when this resolves. Throws what the master answers. */
  static async submit(
    jobs: FedJobs,
    spec: Spec,
    options: JobOptions,
    patience: PatienceInit
  ): Promise<RemoteFeed> {
    // Not patiently: whether a master that went away has opened the job, nobody can say.
    return new RemoteFeed(jobs, patience, await jobs.submit(spec, options))
  }

  private constructor(jobs: FedJobs, patience: PatienceInit, feed: JobFeed) {
    this.#jobs = jobs
    this.#patience = patience
    this.#feed = feed
    this.job = feed.job
  }

  /** Tasks that wait for a worker, as far as was heard. */
  get waiting(): number {
    return this.#waiting
  }

  onDispatched(tasks: number): void {
    this.#waiting = Math.max(0, this.#waiting - tasks)
  }

  /** Resolves when the tasks are on disk. */
  async add(inputs: readonly Uint8Array[]): Promise<void> {
    this.#unacknowledged.push(...inputs)
    this.#last = this.#last.then(() => this.#addAll())
    await this.#last
  }

  /** Resolves when it is on disk that no more tasks come. */
  async close(): Promise<void> {
    await this.#last
    let isAgain = false
    await patiently(this.#patience, async (onReached) => {
      try {
        await this.#feeding(onReached, async (feed) => {
          isAgain = true
          await feed.close()
        })
      } catch (error) {
        // It was closed, and the answer got lost with the master.
        const code = operatingErrorOf(error)?.code
        if (!isAgain || (code !== 'NOT_FOUND' && code !== 'CLOSED')) throw error
      }
    })
    await this.#feed?.[Symbol.asyncDispose]()
  }

  async #addAll(): Promise<void> {
    await patiently(this.#patience, (onReached) =>
      this.#feeding(onReached, async (feed) => {
        while (this.#unacknowledged.length > 0) {
          await feed.add(this.#unacknowledged)
          this.#onFed(feed)
        }
      })
    )
  }

  /** Works with the feed, taken up anew if the last one broke. */
  async #feeding(onReached: () => void, work: (feed: JobFeed) => Promise<void>): Promise<void> {
    const feed = this.#feed ?? (await this.#jobs.resumeFeed(this.job))
    try {
      if (this.#feed === undefined) this.#onFed(feed)
      onReached()
      this.#feed = feed
      await work(feed)
    } catch (error) {
      this.#feed = undefined
      await feed[Symbol.asyncDispose]()
      throw error
    }
  }

  #onFed({ tasks, waiting }: JobFeed): void {
    this.#unacknowledged.splice(0, tasks - this.#acknowledged)
    this.#acknowledged = tasks
    this.#waiting = waiting
  }
}
