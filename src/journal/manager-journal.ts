/**
 * What a durable manager keeps on disk: a file of SQLite that belongs to this process, written by a
 * thread. Made of the same parts as the journal of a master (`sqlite-journal.ts`).
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Change } from '../core/manager/ledger.ts'
import type { SavedRow } from '../core/manager/restore.ts'
import { Commits } from './commits.ts'
import { damaged } from './damage.ts'
import { decodeRow, encodeRow } from './manager-rows.ts'
import type { ManagerCalls, RowEntry, SavedBody } from './manager-store.ts'
import { spaceRefusal } from './space.ts'
import { ThreadLink } from './thread-link.ts'

export interface ManagerJournal {
  /** Names what is in it, for as long as it exists. */
  readonly epoch: string
  /** Why nothing new should be put now: JOURNAL_FULL, the disk is nearly full. */
  refusal(): Error | undefined
  /** All rows, in their order, in pieces. To be read to its end before the first commit. */
  load(): AsyncIterable<readonly SavedRow[]>
  /** The highest number that a row ever had. */
  lastRow(): Promise<number>
  /**
   * Writes changes down, all or none; resolves once they are on disk (fsync). Those that wait while
   * others are written are done together. Throws JOURNAL_FULL or JOURNAL_FAILED: then none of these
   * is there.
   */
  commit(changes: readonly Change[]): Promise<void>
  /** Writes what was committed, then closes. Can be called again. */
  close(): Promise<void>
}

/**
 * Opens the journal in this file, or begins one. Throws JOURNAL_NEWER when a later version wrote
 * it, JOURNAL_FULL when there is no space for it, and JOURNAL_FAILED when another process has it
 * or it cannot be read.
 */
export async function openManagerJournal(path: string): Promise<ManagerJournal> {
  const link = new ThreadLink<ManagerCalls>(path, 'manager-thread')
  try {
    return new SqliteManagerJournal(path, link, await link.ask('open'))
  } catch (error) {
    await link.close()
    throw error
  }
}

class SqliteManagerJournal implements ManagerJournal {
  readonly epoch: string
  readonly #path: string
  readonly #link: ThreadLink<ManagerCalls>
  readonly #commits: Commits<RowEntry>
  #closed: Promise<void> | undefined

  constructor(path: string, link: ThreadLink<ManagerCalls>, epoch: string) {
    this.epoch = epoch
    this.#path = path
    this.#link = link
    this.#commits = new Commits({
      commit: async (commits) => await link.ask('commit', commits),
      // What is new has been refused by the manager already: all that comes here has happened.
      isRefusable: () => false,
      bytesOf: ({ body }) => body?.length ?? 0
    })
  }

  refusal(): Error | undefined {
    return spaceRefusal(this.#path)
  }

  async *load(): AsyncGenerator<readonly SavedRow[]> {
    for (let after = 0; ;) {
      const rows = await this.#link.ask('rows', after)
      const last = rows.at(-1)
      if (last === undefined) return
      after = last.row
      yield rows.map((row) => this.#read(row))
    }
  }

  async lastRow(): Promise<number> {
    return await this.#link.ask('lastRow')
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#closed !== undefined) {
      throw new P2pJobsError('JOURNAL_FAILED', `the journal ${this.#path} has been closed`)
    }
    await this.#commits.add(
      changes.map(({ row, value }) => ({ row, body: value && encodeRow(value) }))
    )
  }

  async close(): Promise<void> {
    this.#closed ??= this.#commits.settled().then(async () => await this.#link.close())
    await this.#closed
  }

  #read({ row, body }: SavedBody): SavedRow {
    try {
      return { row, value: decodeRow(body) }
    } catch (cause) {
      throw damaged(this.#path, 'read', `row ${row}: ${toError(cause).message}`, cause)
    }
  }
}
