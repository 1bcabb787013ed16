/**
 * What the tasks of a job print, as they print it, until they have ended: `p2pjobs logs -f`.
 *
 * A stream is pulled from wherever its bytes are: from the worker while the task runs, from the
 * recorded result afterwards, by the same offset. So nothing is missed and nothing comes twice.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { toError } from '../../core/errors.ts'
import type { TaskView } from '../../core/job-views.ts'
import type { JobId } from '../../core/types.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'

/**
 * Tasks that are followed at a time, each over two connections of the node's few; what others have
 * printed comes when they have ended.
 */
export const FOLLOWED_MAX = 32
/** A client that is slow is not told everything: it looks again after so long. */
const LOOK_AGAIN_MS = 1_000

export const STREAMS = ['stdout', 'stderr'] as const
export type Stream = (typeof STREAMS)[number]

export type FollowJobs = Pick<RemoteJobs, 'results' | 'tasks' | 'bytes' | 'live'>

/** Where the output of one task goes. */
export interface TaskSink {
  write(stream: Stream, bytes: Uint8Array, attempt: number): Promise<void>
  /** The bytes of an earlier attempt were for nothing: it begins again. */
  again(stream: Stream, attempt: number): void
  /** The task has ended so, and all it printed was written. */
  end(task: TaskView): Promise<void>
}

export interface FollowInit {
  readonly jobs: FollowJobs
  readonly job: JobId
  /** True for a task that is to be followed. */
  readonly isMeant: (task: number) => boolean
  /** How many these are: when they have ended, what becomes of the others is not waited for. */
  readonly meant: number | undefined
  readonly sinkOf: (task: number) => TaskSink
  readonly signal: AbortSignal
}

/** Resolves when the job, or those that are meant, have ended and all their output is written. */
export async function followLogs(init: FollowInit): Promise<void> {
  const { jobs, job, isMeant, meant } = init
  let ended = 0
  const followed = new Followed(init)
  const query = { job, place: 0, isFollowing: true, hasInputs: false, hasNotices: true }
  for (const task of await runningTasks(init)) followed.begin(task)
  for await (const item of jobs.results(query, followed.signal)) {
    followed.wake()
    if (item.type === 'notice' && item.notice.type === 'started') {
      for (const { task } of item.notice.attempts) if (isMeant(task)) followed.begin(task)
    } else if (item.type === 'result' && isMeant(item.result.task)) {
      await followed.finish(item.result.task)
      if (++ended === meant) break
    }
  }
  await followed.end()
}

async function runningTasks({ jobs, job, isMeant }: FollowInit): Promise<number[]> {
  const running: number[] = []
  const query = { job, from: 1, limit: Number.MAX_SAFE_INTEGER, states: [] }
  for await (const { task, state } of jobs.tasks(query)) {
    if (state === 'running' && isMeant(task)) running.push(task)
    if (running.length === FOLLOWED_MAX) break
  }
  return running
}

/** The tasks that are being followed. */
class Followed {
  readonly #init: FollowInit
  readonly #tasks = new Map<number, Promise<void>>()
  readonly #done = new Set<number>()
  readonly #failed = new AbortController()
  /** Aborted also when one of them failed, with its error. */
  readonly signal: AbortSignal
  #changed = Promise.withResolvers<undefined>()

  constructor(init: FollowInit) {
    this.#init = init
    this.signal = AbortSignal.any([init.signal, this.#failed.signal])
  }

  /** Something has happened to the job. */
  wake(): void {
    this.#changed.resolve(undefined)
    this.#changed = Promise.withResolvers()
  }

  /** Follows a task that runs, if there is room. */
  begin(task: number): void {
    if (this.#tasks.size < FOLLOWED_MAX) void this.#follow(task)
  }

  /** Prints what a task that has ended has printed; one that is followed gets there by itself. */
  async finish(task: number): Promise<void> {
    if (!this.#tasks.has(task)) await this.#follow(task)
    this.signal.throwIfAborted()
  }

  async end(): Promise<void> {
    await Promise.all(this.#tasks.values())
    this.signal.throwIfAborted()
  }

  #follow(task: number): Promise<void> {
    const known = this.#tasks.get(task)
    if (known !== undefined || this.#done.has(task)) return known ?? Promise.resolve()
    const following = this.#print(task)
      .catch((error: unknown) => this.#failed.abort(toError(error)))
      .finally(() => {
        this.#tasks.delete(task)
        this.#done.add(task)
      })
    this.#tasks.set(task, following)
    return following
  }

  async #print(task: number): Promise<void> {
    const sink = this.#init.sinkOf(task)
    const printing = STREAMS.map((stream) => this.#followStream(task, stream, sink))
    const [ended] = await Promise.all(printing)
    if (ended !== undefined) await sink.end(ended)
  }

  /** Resolves with the task as it ended. */
  async #followStream(task: number, stream: Stream, sink: TaskSink): Promise<TaskView> {
    const { jobs, job } = this.#init
    const { signal } = this
    const place = { attempt: undefined as number | undefined, offset: 0 }
    const write = async (attempt: number, offset: number, bytes: Uint8Array): Promise<void> => {
      if (place.attempt !== undefined && place.attempt !== attempt) sink.again(stream, attempt)
      place.attempt = attempt
      place.offset = offset + bytes.length
      await sink.write(stream, bytes, attempt)
    }
    for (;;) {
      const changed = this.#changed.promise
      for await (const item of jobs.live({ job, task, stream, ...place }, signal)) {
        if (item.type === 'piece') await write(item.attempt, item.offset, item.bytes)
      }
      const ended = await this.#endedTask(task)
      if (ended === undefined) {
        await Promise.race([changed, delay(LOOK_AGAIN_MS, undefined, { signal })])
        continue
      }
      const { attempt } = ended
      let offset = place.attempt === attempt ? place.offset : 0
      for await (const bytes of jobs.bytes(job, task, stream, offset)) {
        await write(attempt, offset, bytes)
        offset += bytes.length
      }
      return ended
    }
  }

  /** The task with its recorded result; undefined: it has not ended. */
  async #endedTask(task: number): Promise<TaskView | undefined> {
    const query = { job: this.#init.job, from: task, limit: 1, states: [] }
    for await (const view of this.#init.jobs.tasks(query)) {
      return view.result === undefined ? undefined : view
    }
    return undefined
  }
}
