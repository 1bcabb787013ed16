/**
 * Feeds a job with inputs no faster than it takes them: a job can be as long as its source.
 */
import type { JobId } from '../../core/types.ts'
import type { MasterRole } from '../../node/master-role.ts'

/** Tasks that wait at the master before the source is read on. */
const WAITING_MAX = 10_000
/** Inputs handed over at a time. */
const BATCH = 256

export class Feed {
  readonly #master: MasterRole
  readonly #job: JobId
  #wake: (() => void) | undefined
  #isStopped = false
  /** Inputs of tasks that have not been let go, by task. */
  readonly inputs = new Map<number, Uint8Array>()
  /** Tasks so far, and whether these are all. */
  total = 0
  isComplete = false

  constructor(master: MasterRole, job: JobId) {
    this.#master = master
    this.#job = job
  }

  /** Adds every input, then closes the job. Rejects when the source fails: the job stays open. */
  async run(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    let batch: Uint8Array[] = []
    for await (const input of source) {
      if (this.#isStopped) return
      batch.push(input)
      // While workers wait, every input is worth a message of its own.
      if (batch.length < BATCH && this.#master.state.waitingTasks > 0) continue
      await this.#add(batch)
      batch = []
    }
    await this.#add(batch)
    this.isComplete = true
    this.#master.close(this.#job)
  }

  /** Reads no further. */
  stop(): void {
    this.#isStopped = true
    this.#wake?.()
  }

  /** To be called when tasks have been leased: there may be room again. */
  onLeased(): void {
    if (this.#master.state.waitingTasks < WAITING_MAX) this.#wake?.()
  }

  async #add(batch: readonly Uint8Array[]): Promise<void> {
    if (batch.length === 0) return
    for (const input of batch) this.inputs.set(++this.total, input)
    this.#master.add(this.#job, batch)
    while (this.#master.state.waitingTasks >= WAITING_MAX && !this.#isStopped) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
