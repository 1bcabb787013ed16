/**
 * An open journal of a manager, in its thread: one table of rows, which it does not look into.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareAll } from './database.ts'
import type { Commit, Failure } from './rows.ts'
import { Transactions } from './transactions.ts'
import type { EntryWriter } from './transactions.ts'

/** A row as it is to be; without `body`, it is to be gone. */
export interface RowEntry {
  readonly row: number
  readonly body: Uint8Array | undefined
}

export interface SavedBody {
  readonly row: number
  readonly body: Uint8Array
}

/** What the thread does when asked. */
export interface ManagerCalls {
  /** Opens the journal, and says its epoch. */
  open(): string
  commit(commits: readonly Commit<RowEntry>[]): (Failure | undefined)[]
  /** Rows behind this one, in their order; none: there are no more. */
  rows(after: number): SavedBody[]
  /** The highest number that a row ever had. */
  lastRow(): number
  close(): void
}

/** Never changed once released: later versions add steps. */
export const MANAGER_STEPS: readonly string[] = [
  `
  CREATE TABLE journal (epoch TEXT NOT NULL, fences INTEGER NOT NULL) STRICT;

  -- AUTOINCREMENT remembers the highest number that there ever was: none is used twice.
  CREATE TABLE rows (row INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT;

  INSERT INTO journal VALUES (lower(hex(randomblob(16))), 0);
  `
]

const STATEMENTS = {
  set: 'INSERT INTO rows VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = ?2',
  remove: 'DELETE FROM rows WHERE row = ?',
  rows: 'SELECT row, body FROM rows WHERE row > ? ORDER BY row LIMIT 1024',
  last: "SELECT seq FROM sqlite_sequence WHERE name = 'rows'"
}

/** Space is given back after so many transactions, and so many pages of it at most. */
const SHRINK_EVERY = 256
const SHRINK_PAGES = 4_096
/** A piece of rows ends with the one that reaches this size. */
const PIECE_BYTES = 8 * 1024 * 1024

class RowWriter implements EntryWriter<RowEntry> {
  readonly #run: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>

  constructor(database: DatabaseSync) {
    this.#run = prepareAll(database, STATEMENTS)
  }

  write({ row, body }: RowEntry): void {
    if (body === undefined) this.#run.remove.run(row)
    else this.#run.set.run(row, body)
  }

  finish(): void {
    // Rows are written at once.
  }

  ended(): void {
    // Nothing is kept over a transaction.
  }

  rows(after: number): SavedBody[] {
    const rows: SavedBody[] = []
    let bytes = 0
    for (const row of this.#run.rows.iterate(after) as Iterable<unknown>) {
      const saved = row as SavedBody
      rows.push(saved)
      bytes += saved.body.length
      if (bytes >= PIECE_BYTES) break
    }
    return rows
  }

  lastRow(): number {
    return (this.#run.last.get() as { seq: number } | undefined)?.seq ?? 0
  }
}

export class ManagerStore {
  readonly #transactions: Transactions<RowEntry, RowWriter>
  #commits = 0

  /** Throws JOURNAL_FAILED, JOURNAL_FULL or JOURNAL_NEWER. */
  constructor(path: string) {
    this.#transactions = new Transactions(path, MANAGER_STEPS, (database) => {
      return new RowWriter(database)
    })
  }

  get epoch(): string {
    return this.#transactions.epoch
  }

  get isBroken(): boolean {
    return this.#transactions.isBroken
  }

  commit(commits: readonly Commit<RowEntry>[]): (Failure | undefined)[] {
    const failures = this.#transactions.commit(commits)
    if (++this.#commits % SHRINK_EVERY === 0 && !this.isBroken) this.#shrink()
    return failures
  }

  rows(after: number): SavedBody[] {
    return this.#transactions.writer.rows(after)
  }

  lastRow(): number {
    return this.#transactions.writer.lastRow()
  }

  close(): void {
    this.#transactions.close()
  }

  /** A queue that was long has left room behind it. */
  #shrink(): void {
    try {
      this.#transactions.database.exec(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`)
    } catch {
      // On a full disk it may not work: later.
    }
  }
}
