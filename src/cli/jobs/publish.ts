/**
 * Publishes one job on a node and follows it to its end: what `run` and `node --jobs` share.
 */
import { toError } from '../../core/errors.ts'
import type { JobOptions } from '../../core/job.ts'
import type { MasterNotice } from '../../core/master/events.ts'
import type { Spec } from '../../core/spec.ts'
import type { JobId, NodeId } from '../../core/types.ts'
import { Feed } from './feed.ts'
import type { FeedMaster } from './feed.ts'
import { Printer } from './printer.ts'
import type { PrinterInit, PrinterMaster, Settled } from './printer.ts'

const NEVER = new AbortController().signal
/** Results of a master elsewhere that wait to be printed before more are read. */
const UNPRINTED_MAX = 1_000

/** How many tasks of a job have ended, and how. */
export interface Tally {
  finished: number
  failed: number
  canceled: number
}

/** What it needs of a master, in this process or another. */
export type PublishMaster = FeedMaster &
  PrinterMaster & {
    submit(spec: Spec, options: JobOptions): JobId | Promise<JobId>
    cancel(job: JobId, reason: string): void | Promise<void>
    readonly state: {
      readonly jobs: {
        get(job: JobId): { readonly counts: { readonly running: number } } | undefined
      }
    }
  }

export interface PublishInit {
  readonly spec: Spec
  readonly options: JobOptions
  readonly keepOrder: boolean
  readonly print: PrinterInit['print']
  /** Every notice of the master, after it was counted. */
  onNotice?(notice: MasterNotice, job: Publication): void
}

export class Publication {
  readonly tally: Tally = { finished: 0, failed: 0, canceled: 0 }
  readonly #init: PublishInit
  /** What workers call themselves, of those that are there now. */
  readonly #names = new Map<NodeId, string>()
  readonly #ended = Promise.withResolvers<undefined>()
  /** Inputs of a job that somebody else feeds, of tasks whose results come next. */
  readonly #inputs = new Map<number, Uint8Array>()
  #master: PublishMaster | undefined
  #job: JobId | undefined
  #hasEnded = false
  #feed: Feed | undefined
  #printer: Printer | undefined
  #onRoom: (() => void) | undefined
  /** Resolves when it is canceled; undefined: nobody has asked for that. */
  #canceled: Promise<void> | undefined

  constructor(init: PublishInit) {
    this.#init = init
    // Whoever waits for the end is told; nobody has to.
    this.#ended.promise.catch(() => undefined)
  }

  /** Undefined: it has not been submitted. */
  get job(): JobId | undefined {
    return this.#job
  }

  /** All its tasks have ended. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Inputs read so far, and whether these are all. */
  get total(): { readonly inputs: number; readonly isComplete: boolean } {
    return { inputs: this.#feed?.total ?? 0, isComplete: this.#feed?.isComplete ?? false }
  }

  /** Tasks that run now. */
  get running(): number {
    return this.#job === undefined
      ? 0
      : (this.#master?.state.jobs.get(this.#job)?.counts.running ?? 0)
  }

  /** Workers that are there now. */
  get workers(): number {
    return this.#names.size
  }

  /** The name of a worker; empty when it has none. */
  nameOf(worker: NodeId | undefined): string {
    return worker === undefined ? '' : (this.#names.get(worker) ?? worker)
  }

  /** The input of a task that has not been printed. */
  inputOf(task: number): Uint8Array {
    return this.#feed?.inputs.get(task) ?? this.#inputs.get(task) ?? new Uint8Array(0)
  }

  /** The input of a task, of a job that somebody else feeds. */
  noteInput(task: number, input: Uint8Array): void {
    this.#inputs.set(task, input)
  }

  /** Resolves when another result may come; in the order of inputs they have to, whatever waits. */
  async room(): Promise<void> {
    while (!this.#init.keepOrder && (this.#printer?.unprinted ?? 0) >= UNPRINTED_MAX) {
      await new Promise<void>((resolve) => (this.#onRoom = resolve))
    }
  }

  /**
   * Publishes the inputs and prints every result. Resolves when all tasks have ended and all
   * output is printed, or `leaving` is aborted: then the job has all inputs that are at hand, and
   * goes on. Rejects when the inputs cannot be read, after what was read is canceled, and when it
   * cannot be canceled.
   */
  async run(
    master: PublishMaster,
    inputs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    stopping: AbortSignal,
    leaving: AbortSignal = NEVER
  ): Promise<void> {
    const { spec, options } = this.#init
    const job = await master.submit(spec, options)
    const printer = this.#printOf(master, job)
    const feed = (this.#feed = new Feed(master, job, () => printer.unprinted))
    let failure: Error | undefined
    await this.#until(master, job, { stopping, leaving }, async () => {
      await feed.run(inputs).catch((error: unknown) => {
        failure = toError(error)
        this.#cancel(master, job)
      })
    })
    if (leaving.aborted && !this.#hasEnded) await feed.finish()
    await printer.end()
    if (failure !== undefined) throw failure
  }

  /** Prints the results of a job that somebody else has submitted. Resolves like `run`. */
  async follow(
    master: PublishMaster & { follow(job: JobId): void },
    job: JobId,
    stopping: AbortSignal,
    leaving: AbortSignal
  ): Promise<void> {
    const printer = this.#printOf(master, job)
    await this.#until(master, job, { stopping, leaving }, () => {
      master.follow(job)
      return Promise.resolve()
    })
    await printer.end()
  }

  #printOf(master: PublishMaster, job: JobId): Printer {
    const { keepOrder, print } = this.#init
    this.#master = master
    this.#job = job
    const onPrinted = (): void => {
      this.#feed?.onProgress()
      this.#onRoom?.()
    }
    return (this.#printer = new Printer({ master, keepOrder, print, onPrinted }))
  }

  /** Until the job has ended, or is left alone; one that is stopped is canceled. */
  async #until(
    master: PublishMaster,
    job: JobId,
    { stopping, leaving }: { readonly stopping: AbortSignal; readonly leaving: AbortSignal },
    work: () => Promise<void>
  ): Promise<void> {
    const left = Promise.withResolvers<unknown>()
    const leave = (): void => left.resolve(this.#canceled)
    const cancel = (): void => this.#cancel(master, job)
    stopping.addEventListener('abort', cancel)
    leaving.addEventListener('abort', leave)
    if (stopping.aborted) cancel()
    if (leaving.aborted) leave()
    // A feed that was stopped left the job open; canceling it closed it.
    await Promise.race([left.promise, work().then(() => this.#ended.promise)])
    stopping.removeEventListener('abort', cancel)
    leaving.removeEventListener('abort', leave)
  }

  #cancel(master: PublishMaster, job: JobId): void {
    this.#feed?.stop()
    this.#canceled ??= Promise.resolve(master.cancel(job, 'canceled by its user'))
    this.#canceled.catch((error: unknown) => this.#ended.reject(toError(error)))
  }

  /** To be told every notice of the node's master, which may have jobs of others, too. */
  onNotice(everything: MasterNotice): void {
    const notice = noticeOf(this.#job, everything)
    if (notice === undefined) return
    this.#count(notice)
    this.#init.onNotice?.(notice, this)
    if (notice.type === 'settled') this.#onSettled(notice)
    if (notice.type === 'parted') this.#names.delete(notice.worker)
    if (notice.type !== 'ended') return
    this.#hasEnded = true
    this.#ended.resolve(undefined)
  }

  #count(notice: MasterNotice): void {
    const { tally } = this
    if (notice.type === 'joined') this.#names.set(notice.worker, notice.name)
    if (notice.type === 'dispatched') this.#feed?.onProgress()
    if (notice.type !== 'settled') return
    if (notice.state === 'finished') tally.finished++
    else if (notice.state === 'canceled') tally.canceled++
    else tally.failed++
  }

  #onSettled(notice: Extract<MasterNotice, { type: 'settled' }>): void {
    const { task, attempt, state, worker, result } = notice
    const input = this.inputOf(task)
    this.#feed?.inputs.delete(task)
    this.#inputs.delete(task)
    const name = this.nameOf(worker)
    const settled: Settled = { task, attempt, state, worker, name, result, input }
    if (state === 'canceled') void this.#master?.release(result)
    else this.#printer?.add(settled)
  }
}

/** What of a notice is about this job, or about nobody's. */
function noticeOf(job: JobId | undefined, notice: MasterNotice): MasterNotice | undefined {
  switch (notice.type) {
    case 'joined':
    case 'parted':
    case 'resting':
      return notice
    case 'dispatched':
    case 'started': {
      if (notice.attempts.every((ref) => ref.job === job)) return notice
      const attempts = notice.attempts.filter((ref) => ref.job === job)
      return attempts.length === 0 ? undefined : { ...notice, attempts }
    }
    case 'progress':
    case 'setback':
    case 'settled':
    case 'ended':
      return notice.job === job ? notice : undefined
  }
}
