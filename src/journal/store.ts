/**
 * An open journal of a master, in its thread.
 */
import type { DatabaseSync } from 'node:sqlite'
import { Reader } from './reader.ts'
import type { BlobRows, Commit, Entry, Failure } from './rows.ts'
import { JOURNAL_STEPS } from './schema.ts'
import { Sweeper } from './sweeper.ts'
import { Transactions } from './transactions.ts'
import { Writer } from './writer.ts'

export class Store {
  readonly reader: Reader
  readonly sweeper: Sweeper
  readonly #transactions: Transactions<Entry, Writer>

  /** Throws JOURNAL_FAILED, JOURNAL_FULL or JOURNAL_NEWER. */
  constructor(path: string) {
    const makeWriter = (database: DatabaseSync): Writer => new Writer(database)
    this.#transactions = new Transactions(path, JOURNAL_STEPS, makeWriter)
    const { database } = this.#transactions
    this.reader = new Reader(database)
    this.sweeper = new Sweeper(database)
  }

  get epoch(): string {
    return this.#transactions.epoch
  }

  /** It cannot be used any more: open another one. */
  get isBroken(): boolean {
    return this.#transactions.isBroken
  }

  commit(commits: readonly Commit[]): (Failure | undefined)[] {
    return this.#transactions.commit(commits)
  }

  forget(jobs: readonly number[]): BlobRows['refs'] {
    const { writer } = this.#transactions
    const marks = [this.reader.lastJob(), writer.lastPlace] as const
    const refs = this.#transactions.run(() => this.sweeper.forget(jobs, marks))
    writer.tallies.forget()
    return refs
  }

  sweep(): boolean {
    return this.#transactions.run(() => this.sweeper.sweepRows()) || this.sweeper.sweepPages()
  }

  close(): void {
    this.#transactions.close()
  }
}
