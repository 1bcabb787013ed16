/**
 * The transactions of an open journal, in its thread, and what happens when they fail: what is
 * committed is on disk, and a full disk loses nothing.
 */
import type { DatabaseSync } from 'node:sqlite'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import { damaged } from './damage.ts'
import { isDamaged, isFull, isOfTheDisk, openDatabase } from './database.ts'
import type { Commit, Failure } from './rows.ts'
import { Ballast, fullError } from './space.ts'

/** Writes entries into tables, inside a transaction. */
export interface EntryWriter<Entry> {
  /** `at`: wall clock. */
  write(entry: Entry, at: number): void
  /** To be called before the transaction is committed. */
  finish(): void
  /** After a transaction: it is on disk, or came to nothing. */
  ended(isCommitted: boolean): void
}

export class Transactions<Entry, Writer extends EntryWriter<Entry>> {
  /** Names this file, for as long as it exists. */
  readonly epoch: string
  readonly database: DatabaseSync
  readonly writer: Writer
  /** It cannot be used any more: open another one. */
  isBroken = false
  readonly #path: string
  readonly #steps: readonly string[]
  readonly #ballast: Ballast

  /** Throws JOURNAL_FAILED, JOURNAL_FULL or JOURNAL_NEWER. */
  constructor(
    path: string,
    steps: readonly string[],
    makeWriter: (database: DatabaseSync) => Writer
  ) {
    this.#path = path
    this.#steps = steps
    this.#ballast = new Ballast(path)
    this.database = this.#open()
    this.writer = makeWriter(this.database)
    const { epoch } = this.database.prepare('SELECT epoch FROM journal').get() as { epoch: string }
    this.epoch = epoch
    this.#ballast.restore()
  }

  /** On a full disk, the ballast makes room for what opening takes. */
  #open(): DatabaseSync {
    try {
      return openDatabase(this.#path, this.#steps)
    } catch (error) {
      if (operatingErrorOf(error)?.code !== 'JOURNAL_FULL' || !this.#ballast.spend()) throw error
      return openDatabase(this.#path, this.#steps)
    }
  }

  commit(commits: readonly Commit<Entry>[]): (Failure | undefined)[] {
    this.#ballast.restore()
    const isWhole = this.#ballast.isThere || commits.every(({ isRefusable }) => !isRefusable)
    if (!isWhole) return this.#oneByOne(commits)
    try {
      this.#write(commits)
      return commits.map(() => undefined)
    } catch (error) {
      return this.#salvage(commits, error)
    }
  }

  /** What became of commits that failed together. */
  #salvage(commits: readonly Commit<Entry>[], error: unknown): (Failure | undefined)[] {
    if (isOfTheDisk(error)) {
      this.#fence()
      return commits.map(() => this.#failure(error))
    }
    if (isFull(error)) this.#emptyLog()
    else if (commits.length === 1) return [this.#failure(error)]
    return this.#oneByOne(commits)
  }

  #oneByOne(commits: readonly Commit<Entry>[]): (Failure | undefined)[] {
    return commits.map((commit) => {
      if (this.isBroken) return this.#failure('see the commits before')
      if (commit.isRefusable && !this.#ballast.isThere) return this.#full()
      return this.#alone(commit)
    })
  }

  #alone(commit: Commit<Entry>): Failure | undefined {
    try {
      this.#write([commit])
      return undefined
    } catch (error) {
      if (isOfTheDisk(error)) this.#fence()
      if (!isFull(error)) return this.#failure(error)
      // Space for what is new would be space that results of running work need.
      if (commit.isRefusable || !this.#ballast.spend()) return this.#full()
      return this.#alone(commit)
    }
  }

  #write(commits: readonly Commit<Entry>[]): void {
    this.run(() => {
      for (const { entries, at } of commits) {
        for (const entry of entries) this.writer.write(entry, at)
      }
      this.writer.finish()
    })
    // While the log is empty, what is written next needs hardly any space beyond that of the log.
    if (this.#ballast.isSpaceLow()) this.#emptyLog()
  }

  /** Does something in one transaction. */
  run<Value>(work: () => Value): Value {
    const { database } = this
    let isCommitted = false
    try {
      database.exec('BEGIN IMMEDIATE')
      const value = work()
      database.exec('COMMIT')
      isCommitted = true
      return value
    } finally {
      // Some errors have ended the transaction already.
      if (!isCommitted && database.isTransaction) database.exec('ROLLBACK')
      this.writer.ended(isCommitted)
    }
  }

  /**
   * Makes sure that what could not be brought to the disk does not appear there later: the next
   * transaction is written over it.
   */
  #fence(): void {
    try {
      this.database.exec('UPDATE journal SET fences = fences + 1')
    } catch {
      this.isBroken = true
    }
  }

  /**
   * Brings what is in the log to its place, so that the log's own space can be used again. It is
   * not given back: others who fill the disk would have it first.
   */
  #emptyLog(): void {
    try {
      this.database.exec('PRAGMA wal_checkpoint(RESTART)')
    } catch {
      // No space for that either.
    }
  }

  close(): void {
    this.isBroken = true
    if (this.database.isOpen) this.database.close()
  }

  #failure(cause: unknown): Failure {
    const what = typeof cause === 'string' ? cause : toError(cause).message
    const error = isDamaged(cause)
      ? damaged(this.#path, 'written', what, cause)
      : new P2pJobsError(
          'JOURNAL_FAILED',
          `the journal ${this.#path} cannot be written (${what}): check its disk`
        )
    return failureOf(this.#path, error)
  }

  #full(): Failure {
    return failureOf(this.#path, fullError(this.#path))
  }
}

/** Any error about the journal in this file, so that another thread can throw it. */
export function failureOf(path: string, error: unknown): Failure {
  const { code, message } = operatingErrorOf(error) ?? readingError(path, error)
  return { code, message }
}

function readingError(path: string, cause: unknown): P2pJobsError {
  const what = toError(cause).message
  if (isDamaged(cause)) return damaged(path, 'read', what, cause)
  const cure = isOfTheDisk(cause) ? ': check its disk' : ''
  return new P2pJobsError('JOURNAL_FAILED', `the journal ${path} failed (${what})${cure}`, {
    cause
  })
}
