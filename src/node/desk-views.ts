/**
 * Jobs, tasks and workers as people look at them, out of the journal and the machine.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { Job } from '../core/job.ts'
import type { JobRecord, ResultRecord, TaskRecord } from '../core/job-records.ts'
import { jobStateOf } from '../core/job-views.ts'
import type {
  JobView,
  ResultSummary,
  ResultView,
  SetbackView,
  TaskView,
  WorkerSummary
} from '../core/job-views.ts'
import { TOLD_INPUT_BYTES_MAX, WORKER_NAMES_MAX } from '../core/limits.ts'
import { joinRanges } from '../core/selection.ts'
import type { Range, Selection } from '../core/selection.ts'
import type { Task } from '../core/task.ts'
import { isBlobRef, payloadBytes } from '../core/types.ts'
import type { JobId, NodeId } from '../core/types.ts'
import type { TaskQuery } from '../journal/journal.ts'
import type { DeskJobs } from './desk.ts'

/** Jobs read from the journal at a time. */
const JOBS_PAGE = 256
/** Tasks, whose inputs may be large. */
const TASKS_PAGE = 64
const SETBACKS_PAGE = 10_000

export class DeskViews {
  readonly #jobs: DeskJobs
  /** What workers called themselves that are gone. */
  readonly #names = new Map<NodeId, string>()

  constructor(jobs: DeskJobs) {
    this.#jobs = jobs
    jobs.watch((notice) => {
      if (notice.type === 'joined' || notice.type === 'parted') {
        this.#remember(notice.worker, notice.name)
      }
    })
  }

  /** The jobs that are meant, the newest first. Throws NOT_FOUND for one that is named and not there. */
  async *select(selection: Selection): AsyncGenerator<JobRecord, void, undefined> {
    if (selection.type === 'all') {
      yield* this.#between(1, undefined)
      return
    }
    if (selection.type === 'last') {
      const [last] = await this.#jobs.journal.jobs(1)
      if (last === undefined) throw new P2pJobsError('NOT_FOUND', 'there are no jobs yet')
      yield last
      return
    }
    let found = 0
    for (const [from, to] of joinRanges(selection.ranges).reverse()) {
      for await (const record of this.#between(from, to)) {
        found++
        yield record
      }
    }
    if (found === 0) throw notFound(selection.ranges)
  }

  /** The same as a list, the oldest first; every job that is named by itself has to be there. */
  async selectAll(selection: Selection): Promise<JobRecord[]> {
    const records: JobRecord[] = []
    for await (const record of this.select(selection)) records.push(record)
    const there = new Set(records.map(({ job }) => job))
    const missing = singlesOf(selection).filter((job) => !there.has(job))
    if (missing.length > 0) throw notFound(missing.map((job) => [job, job]))
    return records.reverse()
  }

  async *#between(from: number, to: number | undefined): AsyncGenerator<JobRecord> {
    let before = to === undefined ? undefined : ((to + 1) as JobId)
    while (true) {
      const limit = to === undefined ? JOBS_PAGE : Math.min(JOBS_PAGE, to - from + 1)
      const page = await this.#jobs.journal.jobs(limit, before)
      for (const record of page) if (record.job >= from) yield record
      const last = page.at(-1)
      if (last === undefined || last.job <= from || page.length < limit) return
      before = last.job
    }
  }

  /** Throws NOT_FOUND. */
  async record(job: JobId): Promise<JobRecord> {
    const record = await this.#jobs.journal.job(job)
    if (record === undefined) throw notFound([[job, job]])
    return record
  }

  jobView(record: JobRecord): JobView {
    const live = this.#jobs.state.jobs.get(record.job)
    const known = live === undefined ? record : { ...record, ...liveView(live) }
    return { ...known, state: jobStateOf(known) }
  }

  async *tasks(job: JobId, query: TaskQuery): AsyncGenerator<TaskView, void, undefined> {
    await this.record(job)
    let { from } = query
    for (let left = query.limit; left > 0; left -= TASKS_PAGE) {
      const limit = Math.min(left, TASKS_PAGE)
      const page = await this.#jobs.journal.tasks(job, { ...query, from, limit })
      for (const record of page) yield this.#taskView(job, record)
      const last = page.at(-1)
      if (last === undefined || page.length < limit) return
      from = last.task + 1
    }
  }

  #taskView(job: JobId, { task, input, lease, result }: TaskRecord): TaskView {
    const live = this.#jobs.state.jobs.get(job)?.tasks.get(task)
    const worker = result?.worker ?? live?.worker ?? lease?.worker
    const state = result?.state ?? live?.state ?? 'waiting'
    return {
      ...{ task, input, worker, name: this.nameOf(worker) },
      state: state === 'leased' ? 'waiting' : state,
      attempt: result?.attempt ?? live?.attempt ?? lease?.attempt ?? 0,
      result: result && summaryOf(result),
      ...this.#older(result === undefined ? live : undefined)
    }
  }

  #older(live: Task | undefined): Pick<TaskView, 'older'> {
    const other = live?.job.hedge?.others.get(live)
    if (other === undefined) return {}
    const { attempt, worker } = other
    return { older: { attempt, worker, name: this.nameOf(worker) } }
  }

  async *setbacks(
    job: JobId,
    task: number | undefined,
    limit: number
  ): AsyncGenerator<SetbackView, void, undefined> {
    await this.record(job)
    const records = await this.#jobs.journal.setbacks(job, task, Math.min(limit, SETBACKS_PAGE))
    for (const record of records) yield { ...record, name: this.nameOf(record.worker) }
  }

  /** Results with the inputs of their tasks, if those are wanted. */
  async resultViews(
    job: JobId,
    records: readonly ResultRecord[],
    hasInputs: boolean
  ): Promise<ResultView[]> {
    const inputs = hasInputs ? await this.#inputs(job, records) : new Map<number, Uint8Array>()
    return records.map((record) => ({
      ...record,
      name: this.nameOf(record.worker),
      input: inputs.get(record.task)
    }))
  }

  async #inputs(job: JobId, results: readonly ResultRecord[]): Promise<Map<number, Uint8Array>> {
    const inputs = new Map<number, Uint8Array>()
    for (const [from, to] of joinRanges(results.map(({ task }) => [task, task]))) {
      const limit = to - from + 1
      for (const { task, input } of await this.#jobs.journal.tasks(job, { from, limit })) {
        const isShort = !isBlobRef(input) && input.length <= TOLD_INPUT_BYTES_MAX
        if (isShort) inputs.set(task, input)
      }
    }
    return inputs
  }

  workers(): WorkerSummary[] {
    const { state } = this.#jobs
    return [...state.workers.values()].map((view) => ({
      worker: view.id,
      name: view.name,
      slots: view.slots,
      held: view.held.size,
      isConnected: view.session !== undefined,
      isDraining: state.drained.has(view.id)
    }))
  }

  /** What a worker calls itself; empty where that is not known. */
  nameOf(worker: NodeId | undefined): string {
    if (worker === undefined) return ''
    return this.#jobs.state.workers.get(worker)?.name || (this.#names.get(worker) ?? '')
  }

  #remember(worker: NodeId, name: string): void {
    this.#names.delete(worker)
    this.#names.set(worker, name)
    if (this.#names.size <= WORKER_NAMES_MAX) return
    for (const oldest of this.#names.keys()) {
      this.#names.delete(oldest)
      return
    }
  }
}

/** Jobs that are named one by one. */
function singlesOf(selection: Selection): JobId[] {
  if (selection.type !== 'ranges') return []
  return selection.ranges.filter(([from, to]) => from === to).map(([job]) => job as JobId)
}

export function notFound(ranges: readonly Range[]): P2pJobsError {
  const named = ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
  const [[from, to] = [1, 1], ...others] = ranges
  const what = from === to && others.length === 0 ? 'is no job' : 'are no jobs'
  return new P2pJobsError(
    'NOT_FOUND',
    `there ${what} ${named} (any more); see \`p2pjobs jobs\` for those that are there`
  )
}

function liveView({ counts, lastTask, isOpen }: Job): Partial<JobRecord> {
  return { counts: { ...counts }, tasks: lastTask, isOpen }
}

function summaryOf({ result, endedAt }: ResultRecord): ResultSummary {
  const { outcome, reason, exitCode, signal, startedAt, runtimeMs } = result
  const stdoutBytes = payloadBytes(result.stdout)
  const stderrBytes = payloadBytes(result.stderr)
  const facts = { outcome, reason, exitCode, signal, startedAt, runtimeMs }
  return { ...facts, stdoutBytes, stderrBytes, endedAt }
}
