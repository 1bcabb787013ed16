/**
 * Opens the file of a journal for this process alone, so that what is committed is on disk.
 */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { P2pJobsError, operatingErrorOf, toError } from '../core/errors.ts'
import { damaged } from './damage.ts'
import { migrate } from './schema.ts'

// SQLite's own codes; the low byte of an error's code tells its kind.
const SQLITE_BUSY = 5
const SQLITE_NOMEM = 7
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26
const OF_THE_DISK = [SQLITE_BUSY, SQLITE_NOMEM, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN]

const PRAGMAS = [
  // Nobody else gets in until this process is gone, and no file of shared memory is needed.
  'locking_mode = EXCLUSIVE',
  'auto_vacuum = INCREMENTAL',
  'journal_mode = WAL',
  'synchronous = FULL',
  'cache_size = -32768',
  'wal_autocheckpoint = 1000',
  'journal_size_limit = 8388608',
  'temp_store = MEMORY'
]

/** `steps`: those of its tables. Throws JOURNAL_FAILED, JOURNAL_FULL or JOURNAL_NEWER. */
export function openDatabase(path: string, steps: readonly string[]): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
    database = new DatabaseSync(path, { timeout: 0 })
    for (const pragma of PRAGMAS) database.exec(`PRAGMA ${pragma}`)
    database.exec('BEGIN IMMEDIATE; COMMIT')
    migrate(database, path, steps)
    return database
  } catch (error) {
    database?.close()
    throw openingError(path, error)
  }
}

function openingError(path: string, cause: unknown): P2pJobsError {
  const own = operatingErrorOf(cause)
  if (own !== undefined) return own
  if (kindOf(cause) === SQLITE_BUSY) {
    const message = `another process uses the journal ${path}: stop that node, or use another home`
    return new P2pJobsError('JOURNAL_FAILED', message, { cause })
  }
  if (isFull(cause)) {
    const message = `no space left to open the journal ${path}: make room on its disk`
    return new P2pJobsError('JOURNAL_FULL', message, { cause })
  }
  const what = toError(cause).message
  if (isDamaged(cause)) return damaged(path, 'opened', what, cause)
  const message = `the journal ${path} cannot be opened (${what}): check its folder and its disk`
  return new P2pJobsError('JOURNAL_FAILED', message, { cause })
}

/** The file is none of SQLite's, or parts of it are not. */
export function isDamaged(error: unknown): boolean {
  const kind = kindOf(error)
  return kind === SQLITE_NOTADB || kind === SQLITE_CORRUPT
}

/** There was no space; what was done in the transaction is undone. */
export function isFull(error: unknown): boolean {
  return kindOf(error) === SQLITE_FULL || (error as { code?: unknown }).code === 'ENOSPC'
}

/** The disk (or memory) failed: it says nothing about what was to be written. */
export function isOfTheDisk(error: unknown): boolean {
  const kind = kindOf(error)
  return kind !== undefined && OF_THE_DISK.includes(kind)
}

function kindOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Prepares statements by their names. */
export function prepareAll<Name extends string>(
  database: DatabaseSync,
  statements: Readonly<Record<Name, string>>
): Readonly<Record<Name, StatementSync>> {
  const prepared = Object.entries<string>(statements).map(
    ([name, sql]) => [name, database.prepare(sql)] as const
  )
  return Object.fromEntries(prepared) as Record<Name, StatementSync>
}
