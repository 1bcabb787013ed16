/**
 * Reports whose output is a blob, on their way to the master machine: each is handed over once its
 * blobs are here, and until then it is not accepted, so its worker keeps it.
 */
import { operatingErrorOf, toError } from '../core/errors.ts'
import type { Report } from '../core/messages.ts'
import { Queue } from '../core/queue.ts'
import { emptyResult, payloadsOf } from '../core/result.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobRef, NodeId } from '../core/types.ts'
import type { ObtainBlob } from './link.ts'

/** Fetches from one worker at a time: more would only share its link. */
const FETCHES_MAX = 4
/** After so many failures that are the worker's own, its result counts as lost. */
const FAILURES_MAX = 3
const FAILURES_KEPT_MAX = 10_000

export interface OutputFetchesInit {
  /** Somebody still waits for this report. */
  isWanted(worker: NodeId, report: Report): boolean
  /** All output of the report is here; each of `obtained` has a reference to be used or dropped. */
  onArrived(worker: NodeId, report: Report, obtained: readonly BlobRef[]): void
  /** Drops what was obtained of a report that came to nothing. */
  release(obtained: readonly BlobRef[]): void
  onProblem(text: string): void
}

interface Fetch {
  readonly key: string
  readonly report: Report
  readonly obtain: ObtainBlob
}

class WorkerFetches {
  readonly waiting = new Queue<Fetch>()
  /** What waits or is being fetched: a report that is repeated meanwhile starts nothing. */
  readonly keys = new Set<string>()
  running = 0
}

export class OutputFetches {
  readonly #init: OutputFetchesInit
  readonly #workers = new Map<NodeId, WorkerFetches>()
  readonly #failures = new Map<string, number>()

  constructor(init: OutputFetchesInit) {
    this.#init = init
  }

  add(worker: NodeId, report: Report, obtain: ObtainBlob): void {
    const fetches = this.#workers.get(worker) ?? new WorkerFetches()
    this.#workers.set(worker, fetches)
    const key = `${worker} ${report.job} ${report.task} ${report.attempt}`
    if (fetches.keys.has(key)) return
    fetches.keys.add(key)
    fetches.waiting.push({ key, report, obtain })
    this.#next(worker, fetches)
  }

  #next(worker: NodeId, fetches: WorkerFetches): void {
    while (fetches.running < FETCHES_MAX) {
      const fetch = fetches.waiting.shift()
      if (fetch === undefined) break
      fetches.running++
      void this.#fetch(worker, fetch).finally(() => {
        fetches.running--
        fetches.keys.delete(fetch.key)
        this.#next(worker, fetches)
      })
    }
    if (fetches.keys.size === 0) this.#workers.delete(worker)
  }

  async #fetch(worker: NodeId, fetch: Fetch): Promise<void> {
    const obtained: BlobRef[] = []
    const failure = await this.#obtain(worker, fetch, obtained).then(() => undefined, toError)
    if (failure === undefined) {
      this.#failures.delete(fetch.key)
      this.#init.onArrived(worker, fetch.report, obtained)
    } else {
      this.#init.release(obtained)
      this.#onFailed(worker, fetch, failure)
    }
  }

  async #obtain(worker: NodeId, { report, obtain }: Fetch, obtained: BlobRef[]): Promise<void> {
    for (const ref of payloadsOf(report.result).filter(isBlobRef)) {
      // While it waited for its turn, the task may have been canceled, or leased again.
      if (!this.#init.isWanted(worker, report)) return
      await obtain(ref)
      obtained.push(ref)
    }
  }

  #onFailed(worker: NodeId, { key, report }: Fetch, error: Error): void {
    if (operatingErrorOf(error)?.code === 'STOPPED') return
    this.#init.onProblem(`output of ${worker}: ${error.message}`)
    if (!isWorkersFault(error)) return
    const failures = (this.#failures.get(key) ?? 0) + 1
    if (this.#failures.size >= FAILURES_KEPT_MAX) this.#failures.clear()
    this.#failures.set(key, failures)
    // Not accepted, so the worker sends the report again, until here.
    if (failures < FAILURES_MAX) return
    this.#failures.delete(key)
    const result = emptyResult('refused', `its output could not be fetched: ${error.message}`)
    this.#init.onArrived(worker, { ...report, result }, [])
  }
}

function isWorkersFault(error: Error): boolean {
  const code = operatingErrorOf(error)?.code
  return code === 'BLOB_NOT_FOUND' || code === 'BLOB_DAMAGED' || code === 'BAD_MESSAGE'
}
