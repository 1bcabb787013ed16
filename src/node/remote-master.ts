/**
 * The master of another process of this home, for one job: fed and followed through its control
 * socket, also over restarts of that process. The job is that process's, and goes on without us.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type { ResultView } from '../core/job-views.ts'
import { MASTER_AWAY_MS } from '../core/limits.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { Result } from '../core/result.ts'
import type { Spec } from '../core/spec.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobId, JobId, NodeId, Payload } from '../core/types.ts'
import type { Part, ToldNotice } from '../control/messages.ts'
import { patiently } from './patience.ts'
import type { PatienceInit } from './patience.ts'
import { RemoteFeed } from './remote-feed.ts'
import type { RemoteJobs } from './remote-jobs.ts'

export interface RemoteMasterInit {
  readonly jobs: RemoteJobs
  onNotice(notice: MasterNotice): void
  /** The input of a task whose result comes next, of a job that somebody else submitted. */
  onInput(task: number, input: Uint8Array): void
  /** Resolves when another result may come: who prints slowly reads slowly. */
  room(): Promise<void>
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

interface TaskPlace {
  readonly job: JobId
  readonly task: number
}

/** Where the bytes of an output are to be had. */
interface Place extends TaskPlace {
  readonly part: Part
}

const OUTPUTS = ['stdout', 'stderr'] as const

export class RemoteMaster {
  readonly #init: RemoteMasterInit
  readonly #stopping = new AbortController()
  readonly #places = new WeakMap<Payload & object, Place>()
  readonly #tasks = new WeakMap<Result, TaskPlace>()
  readonly #running = new Set<number>()
  /** Names of the workers that are there, as far as was told. */
  readonly #workers = new Map<NodeId, string>()
  readonly #lost = Promise.withResolvers<never>()
  readonly #isFollowing = Promise.withResolvers<undefined>()
  #feed: RemoteFeed | undefined

  readonly state: {
    readonly waitingTasks: number
    readonly jobs: { get(job: JobId): { readonly counts: { readonly running: number } } }
  }

  constructor(init: RemoteMasterInit) {
    this.#init = init
    const waiting = (): number => this.#feed?.waiting ?? 0
    const running = this.#running
    this.state = {
      get waitingTasks() {
        return waiting()
      },
      jobs: { get: () => ({ counts: { running: running.size } }) }
    }
    // Whoever waits for it is told; nobody has to.
    this.#lost.promise.catch(() => undefined)
  }

  /** Rejects when the job cannot be followed any more: the master stayed away, or forgot it. */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  /** Opens a job, which is on disk when this resolves, and follows it. */
  async submit(spec: Spec, options: JobOptions): Promise<JobId> {
    this.#feed = await RemoteFeed.submit(this.#init.jobs, spec, options, this.#quietly)
    const { job } = this.#feed
    this.follow(job)
    // What happens to its first task is to be told, too.
    await Promise.race([this.#isFollowing.promise, this.#lost.promise])
    return job
  }

  /** Adds tasks; they are on disk when this resolves. */
  async add(_job: JobId, inputs: readonly Uint8Array[]): Promise<void> {
    await this.#feed?.add(inputs)
  }

  /** No more tasks will come. */
  async close(): Promise<void> {
    await this.#feed?.close()
  }

  async cancel(job: JobId, reason: string): Promise<void> {
    const selection = { type: 'ranges', ranges: [[job, job]] } as const
    await patiently(this.#quietly, async () => {
      await Array.fromAsync(this.#init.jobs.cancel(selection, reason))
    })
  }

  /** The bytes of an output, in chunks. */
  async *read(payload: Payload): AsyncGenerator<Uint8Array, void, undefined> {
    if (!isBlobRef(payload)) {
      if (payload.length > 0) yield payload
      return
    }
    const place = this.#places.get(payload)
    if (place === undefined) throw new P2pJobsError('BLOB_NOT_FOUND', 'an output of no task')
    yield* this.#init.jobs.bytes(place.job, place.task, place.part)
  }

  /** Outputs are on the master's disk, and stay there: they are read again when they are due. */
  setAside(result: Result): Promise<Result> {
    const place = this.#tasks.get(result)
    if (place === undefined) return Promise.resolve(result)
    const [stdout, stderr] = OUTPUTS.map((part) => {
      const payload = result[part]
      if (isBlobRef(payload) || payload.length === 0) return payload
      const ref = { blob: '' as BlobId, bytes: payload.length }
      this.#places.set(ref, { ...place, part })
      return ref
    }) as [Payload, Payload]
    return Promise.resolve({ ...result, stdout, stderr })
  }

  release(): Promise<void> {
    return Promise.resolve()
  }

  /** Tells all results of a job, what happens to it meanwhile, and its end. */
  follow(job: JobId): void {
    this.#follow(job).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#lost.reject(toError(error))
    })
  }

  /** Ends feeding and following; the job goes on, if it was closed. */
  stop(): void {
    this.#stopping.abort(new P2pJobsError('STOPPED', 'nobody follows the job any more'))
    this.#init.jobs.close()
  }

  /** That the master is away is told once: by the one who follows the job, which is always done. */
  get #quietly(): PatienceInit {
    const [awayMaxMs, signal] = [MASTER_AWAY_MS, this.#stopping.signal]
    return { awayMaxMs, signal, onAway: () => undefined, onBack: () => undefined }
  }

  get #patience(): PatienceInit {
    return {
      ...this.#quietly,
      onAway: () => {
        this.#init.onProblem(
          'the master node is away; the job is kept, and goes on when it is back'
        )
      },
      onBack: () => this.#init.onProblem('the master node is back')
    }
  }

  async #follow(job: JobId): Promise<void> {
    let place = 0
    await patiently(this.#patience, async (onReached) => {
      const hasInputs = this.#feed === undefined
      const query = { job, place, isFollowing: true, hasInputs, hasNotices: true }
      const items = this.#init.jobs.results(query, this.#stopping.signal)
      // Asked for before the workers are: by their answer the master has begun to tell.
      const first = items.next()
      first.catch(() => undefined)
      await this.#meetWorkers()
      onReached()
      this.#isFollowing.resolve(undefined)
      for (let next = await first; next.done !== true; next = await items.next()) {
        const item = next.value
        if (item.type === 'result') {
          place = item.result.place
          this.#onResult(job, item.result)
          await this.#init.room()
        } else if (item.type === 'notice') this.#onNotice(item.notice)
        else this.#init.onNotice({ type: 'ended', job, counts: item.job.counts })
      }
    })
  }

  /** Names of workers are told when they join: some are there already, some have gone unnoticed. */
  async #meetWorkers(): Promise<void> {
    this.#running.clear()
    const gone = new Map(this.#workers)
    for await (const { worker, name, slots, isConnected } of this.#init.jobs.workers()) {
      if (!isConnected) continue
      gone.delete(worker)
      this.#onNotice({ type: 'joined', worker, name, slots })
    }
    const reason = 'it was away when the master node was back'
    for (const [worker, name] of gone) this.#onNotice({ type: 'parted', worker, name, reason })
  }

  #onResult(job: JobId, { task, attempt, state, worker, result, input }: ResultView): void {
    this.#running.delete(task)
    if (input !== undefined) this.#init.onInput(task, input)
    this.#tasks.set(result, { job, task })
    for (const part of OUTPUTS) {
      const payload = result[part]
      if (isBlobRef(payload)) this.#places.set(payload, { job, task, part })
    }
    this.#init.onNotice({ type: 'settled', job, task, attempt, state, worker, result })
  }

  #onNotice(notice: ToldNotice): void {
    if (notice.type === 'joined') {
      if (this.#workers.has(notice.worker)) return
      this.#workers.set(notice.worker, notice.name)
    } else if (notice.type === 'parted') this.#workers.delete(notice.worker)
    else if (notice.type === 'started') {
      for (const { task } of notice.attempts) this.#running.add(task)
    } else if (notice.type === 'setback') this.#running.delete(notice.task)
    else if (notice.type === 'dispatched') this.#feed?.onDispatched(notice.attempts.length)
    this.#init.onNotice(notice)
  }
}
