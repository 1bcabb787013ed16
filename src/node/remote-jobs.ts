/**
 * The jobs of a node, asked for over its control socket.
 */
import type { JobOptions } from '../core/job.ts'
import type {
  JobChange,
  JobView,
  ResultView,
  SetbackView,
  TaskView,
  WorkerSummary
} from '../core/job-views.ts'
import type { Range, Selection } from '../core/selection.ts'
import type { Spec } from '../core/spec.ts'
import type { JobId } from '../core/types.ts'
import type { HomeFolders } from '../home/home.ts'
import { expectItem } from '../control/control-client.ts'
import type { ControlClient, Exchange } from '../control/control-client.ts'
import type { Explanation, Item, Part, Request } from '../control/messages.ts'
import { inRequests } from '../control/requests.ts'
import { connectControl } from './control.ts'

type Without<R extends Request['type']> = Omit<Extract<Request, { type: R }>, 'type'>

export type { Explanation, Part } from '../control/messages.ts'

/** The jobs of the master node of this home. Throws NO_DAEMON, REFUSED, UNREACHABLE. */
export async function openRemoteJobs(home: HomeFolders): Promise<RemoteJobs> {
  return new RemoteJobs(await connectControl(home))
}

export class RemoteJobs {
  readonly #client: ControlClient

  constructor(client: ControlClient) {
    this.#client = client
  }

  /** What the node calls itself, and the record its jobs live in. */
  get node(): { readonly name: string; readonly epoch: string; readonly program: string } {
    return this.#client.welcome
  }

  /** Hangs up. Can be called again. */
  close(): void {
    this.#client.close()
  }

  /**
   * Submits a job with all its tasks; its id, once it is on disk. Throws LIMIT, JOURNAL_FULL,
   * JOURNAL_FAILED, NOT_FOUND for an unknown `after`: then nothing has changed.
   */
  async submitWhole(
    spec: Spec,
    options: JobOptions,
    inputs: readonly Uint8Array[]
  ): Promise<JobId> {
    const [first = [], ...others] = inRequests(inputs)
    if (others.length > 0) {
      await using feed = await this.submit(spec, options)
      await feed.add(inputs)
      await feed.close()
      return feed.job
    }
    const request = { type: 'submit', spec, options, inputs: first, isWhole: true } as const
    await using exchange = await this.#client.begin(request)
    const { job } = expectItem(await exchange.next(), 'fed')
    await exchange.next()
    return job
  }

  /** Opens a job, which is on disk when this resolves. Who disposes of it unclosed cancels it. */
  async submit(spec: Spec, options: JobOptions, signal?: AbortSignal): Promise<JobFeed> {
    const request = { type: 'submit', spec, options, inputs: [], isWhole: false } as const
    return await JobFeed.begin(this.#client, request, signal)
  }

  /** Goes on with a job whose node was ended while it was fed. Throws NOT_FOUND, CLOSED, REFUSED. */
  async resumeFeed(job: JobId, signal?: AbortSignal): Promise<JobFeed> {
    return await JobFeed.begin(this.#client, { type: 'feed', job }, signal)
  }

  /** The jobs that are meant, the oldest first. Throws NOT_FOUND for one that is named and not there. */
  async *jobs(selection: Selection): AsyncGenerator<JobView, void, undefined> {
    for await (const item of this.#client.ask({ type: 'jobs', selection })) {
      yield expectItem(item, 'job').job
    }
  }

  /** Tasks by number. */
  async *tasks(query: Without<'tasks'>): AsyncGenerator<TaskView, void, undefined> {
    for await (const item of this.#client.ask({ type: 'tasks', ...query })) {
      yield expectItem(item, 'task').task
    }
  }

  /** Attempts that came to nothing, the oldest first. */
  async *setbacks(query: Without<'setbacks'>): AsyncGenerator<SetbackView, void, undefined> {
    for await (const item of this.#client.ask({ type: 'setbacks', ...query })) {
      yield expectItem(item, 'setback').setback
    }
  }

  /** Results as they were recorded; see the request for what else comes. */
  async *results(
    query: Without<'results'>,
    signal?: AbortSignal
  ): AsyncGenerator<Extract<Item, { type: 'result' | 'notice' | 'job' }>, void, undefined> {
    for await (const item of this.#client.ask({ type: 'results', ...query }, signal)) {
      if (item.type === 'notice' || item.type === 'job') yield item
      else yield expectItem(item, 'result')
    }
  }

  /** All results of a job that are there now. */
  async *resultsSoFar(
    job: JobId,
    { hasInputs }: { readonly hasInputs: boolean }
  ): AsyncGenerator<ResultView, void, undefined> {
    const query = { job, place: 0, isFollowing: false, hasInputs, hasNotices: false }
    for await (const item of this.results(query)) yield expectItem(item, 'result').result
  }

  /** The bytes of an input or an output. */
  async *bytes(
    job: JobId,
    task: number,
    part: Part,
    offset = 0
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const item of this.#client.ask({ type: 'bytes', job, task, part, offset })) {
      yield expectItem(item, 'chunk').bytes
    }
  }

  /** What a running task prints, as it comes. */
  async *live(
    query: Without<'live'>,
    signal: AbortSignal
  ): AsyncGenerator<Extract<Item, { type: 'piece' | 'over' }>, void, undefined> {
    for await (const item of this.#client.ask({ type: 'live', ...query }, signal)) {
      yield item.type === 'over' ? item : expectItem(item, 'piece')
    }
  }

  async *cancel(
    selection: Selection,
    reason: string,
    tasks?: readonly Range[]
  ): AsyncGenerator<JobChange, void, undefined> {
    yield* this.#changes({ type: 'cancel', selection, tasks, reason })
  }

  async *retry(
    selection: Selection,
    { isFailedOnly }: { readonly isFailedOnly: boolean }
  ): AsyncGenerator<JobChange, void, undefined> {
    yield* this.#changes({ type: 'retry', selection, isFailedOnly })
  }

  async *forget(selection: Selection): AsyncGenerator<JobChange, void, undefined> {
    yield* this.#changes({ type: 'forget', selection })
  }

  async *#changes(request: Request): AsyncGenerator<JobChange, void, undefined> {
    for await (const item of this.#client.ask(request)) yield expectItem(item, 'change').change
  }

  /** Of one worker, or of the whole master; those that are meant. Throws NOT_FOUND. */
  async *drain(
    worker: string | undefined,
    isDraining: boolean
  ): AsyncGenerator<WorkerSummary, void, undefined> {
    for await (const item of this.#client.ask({ type: 'drain', worker, isDraining })) {
      yield expectItem(item, 'worker').worker
    }
  }

  async *explain(
    job: JobId,
    task: number | undefined
  ): AsyncGenerator<Explanation, void, undefined> {
    for await (const item of this.#client.ask({ type: 'explain', job, task })) {
      yield expectItem(item, 'reason').reason
    }
  }

  /** Each job when it has ended. */
  async *wait(selection: Selection, signal: AbortSignal): AsyncGenerator<JobView, void, undefined> {
    for await (const item of this.#client.ask({ type: 'wait', selection }, signal)) {
      yield expectItem(item, 'job').job
    }
  }

  async *workers(): AsyncGenerator<WorkerSummary, void, undefined> {
    for await (const item of this.#client.ask({ type: 'workers' })) {
      yield expectItem(item, 'worker').worker
    }
  }
}

/** A job that is being fed. To be disposed of: unclosed, it is canceled. */
export class JobFeed implements AsyncDisposable {
  readonly job: JobId
  readonly #exchange: Exchange
  /** Tasks that are on disk, and those of the job that wait for a worker, as it was last told. */
  tasks: number
  waiting: number
  #last: Promise<void> = Promise.resolve()

  static async begin(
    client: ControlClient,
    request: Request,
    signal: AbortSignal | undefined
  ): Promise<JobFeed> {
    const exchange = await client.begin(request, signal)
    try {
      return new JobFeed(exchange, expectItem(await exchange.next(), 'fed'))
    } catch (error) {
      await exchange[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(exchange: Exchange, { job, tasks, waiting }: Extract<Item, { type: 'fed' }>) {
    this.#exchange = exchange
    this.job = job
    this.tasks = tasks
    this.waiting = waiting
  }

  /** Adds tasks; they are on disk when this resolves. May be called again before. */
  add(inputs: readonly Uint8Array[]): Promise<void> {
    const added = this.#last.then(() => this.#add(inputs))
    // Whoever called is told; what comes later fails by itself.
    this.#last = added.catch(() => undefined)
    return added
  }

  async #add(inputs: readonly Uint8Array[]): Promise<void> {
    for (const part of inRequests(inputs)) {
      await this.#exchange.send({ type: 'inputs', inputs: part })
      const { tasks, waiting } = expectItem(await this.#exchange.next(), 'fed')
      this.tasks = tasks
      this.waiting = waiting
    }
  }

  /** No more will come; resolves when that is on disk. */
  async close(): Promise<void> {
    await this.#last
    await this.#exchange.send({ type: 'close' })
    const item = await this.#exchange.next()
    if (item !== undefined) expectItem(item, 'fed')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exchange[Symbol.asyncDispose]()
  }
}
