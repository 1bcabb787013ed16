/**
 * What a transaction counts: the jobs it touches, read once and written once.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Jobs kept in memory between transactions. */
const KEPT_MAX = 10_000

export interface Tally {
  readonly job: number
  isOpen: number
  tasks: number
  /** By the numbers of END_STATES. */
  readonly ended: [number, number, number, number]
  setbacks: number
  endedAt: number | null
}

interface Row {
  readonly is_open: number
  readonly tasks: number
  readonly finished: number
  readonly failed: number
  readonly canceled: number
  readonly aborted: number
  readonly setbacks: number
  readonly ended_at: number | null
}

export class Tallies {
  readonly #known = new Map<number, Tally>()
  readonly #changed = new Set<Tally>()
  readonly #read: StatementSync
  readonly #write: StatementSync

  constructor(database: DatabaseSync) {
    this.#read = database.prepare('SELECT * FROM jobs WHERE job = ?')
    this.#write = database.prepare(
      `UPDATE jobs SET is_open = ?, tasks = ?, finished = ?, failed = ?, canceled = ?, aborted = ?,
        setbacks = ?, ended_at = ? WHERE job = ?`
    )
  }

  /** Undefined: there is no such job (any more). */
  get(job: number): Tally | undefined {
    const known = this.#known.get(job)
    if (known !== undefined) return known
    const row = this.#read.get(job) as Row | undefined
    if (row === undefined) return undefined
    const tally: Tally = {
      job,
      isOpen: row.is_open,
      tasks: row.tasks,
      ended: [row.finished, row.failed, row.canceled, row.aborted],
      setbacks: row.setbacks,
      endedAt: row.ended_at
    }
    this.#known.set(job, tally)
    return tally
  }

  /** To be told of every change. */
  change(tally: Tally): void {
    this.#changed.add(tally)
  }

  /** Before the end of a transaction. */
  write(): void {
    for (const { job, isOpen, tasks, ended, setbacks, endedAt } of this.#changed) {
      this.#write.run(isOpen, tasks, ...ended, setbacks, endedAt, job)
    }
    this.#changed.clear()
    if (this.#known.size > KEPT_MAX) this.#known.clear()
  }

  /** After a transaction that came to nothing, or that removed jobs. */
  forget(): void {
    this.#known.clear()
    this.#changed.clear()
  }
}
