/**
 * A job that is being fed: tasks that are added in the same turn become one record, for programs
 * that submit each by a call of its own.
 */
import type { JournalRecord } from '../core/master/journal.ts'
import { inlineBytes } from '../core/result.ts'
import type { JobId, Payload } from '../core/types.ts'

/** A record has so many tasks or bytes at most, unless one call brings more: leases wait for it. */
const RECORD_TASKS_MAX = 1_024
const RECORD_BYTES_MAX = 1024 * 1024

type Added = Extract<JournalRecord, { type: 'added' }>

export interface FedJobInit {
  readonly job: JobId
  /** How many tasks it has. */
  readonly tasks: number
  /** Writes the record down; resolves when the tasks are there. */
  write(record: Added): Promise<void>
}

/** Those that wait for the end of the turn. */
interface Gathered {
  readonly first: number
  readonly inputs: Payload[]
  bytes: number
  readonly written: PromiseWithResolvers<undefined>
}

export class FedJob {
  readonly #init: FedJobInit
  #tasks: number
  #gathered: Gathered | undefined

  constructor(init: FedJobInit) {
    this.#init = init
    this.#tasks = init.tasks
  }

  /** How many tasks it has, those included that are not on disk yet. */
  get tasks(): number {
    return this.#tasks
  }

  /** Resolves when they are on disk; rejects when none of them is. */
  add(inputs: readonly Payload[]): Promise<void> {
    const gathered = (this.#gathered ??= this.#gather())
    for (const input of inputs) {
      gathered.inputs.push(input)
      gathered.bytes += inlineBytes(input)
    }
    this.#tasks += inputs.length
    const { length } = gathered.inputs
    if (length >= RECORD_TASKS_MAX || gathered.bytes >= RECORD_BYTES_MAX) this.flush()
    return gathered.written.promise
  }

  /** What was added goes before whatever the caller writes next. */
  flush(): void {
    if (this.#gathered === undefined) return
    const { first, inputs, written } = this.#gathered
    this.#gathered = undefined
    const record = { type: 'added', job: this.#init.job, first, inputs } as const
    this.#init.write(record).then(() => written.resolve(undefined), written.reject)
  }

  #gather(): Gathered {
    queueMicrotask(() => this.flush())
    const written = Promise.withResolvers<undefined>()
    return { first: this.#tasks + 1, inputs: [], bytes: 0, written }
  }
}
