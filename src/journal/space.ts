/**
 * Space on the journal's disk: when it is too little for new work, and a reserve for the results of
 * work that runs.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { spareOfDisk } from '../core/budget.ts'
import { P2pJobsError, toError } from '../core/errors.ts'

/** The ballast: given up when the disk is full. */
const BALLAST_BYTES = 1024 * 1024

export function ballastPath(path: string): string {
  return `${path}-ballast`
}

/** Why the disk of this journal should take no new work; undefined: there is space. */
export function spaceRefusal(path: string): P2pJobsError | undefined {
  try {
    const missing = missingBytes(path, !existsSync(ballastPath(path)))
    return missing > 0 ? fullError(path, missing) : undefined
  } catch (cause) {
    const message = `the disk of the journal ${path} does not answer (${toError(cause).message}): check it`
    return new P2pJobsError('JOURNAL_FAILED', message, { cause })
  }
}

export function fullError(path: string, missing = BALLAST_BYTES): P2pJobsError {
  const room = `${Math.ceil(missing / (1024 * 1024))} MiB`
  return new P2pJobsError(
    'JOURNAL_FULL',
    `the disk of the journal ${path} is nearly full: make room on it (${room} or more), or forget jobs; what runs is still recorded`
  )
}

function missingBytes(path: string, needsBallast: boolean): number {
  const { bavail, blocks, bsize } = statfsSync(dirname(path))
  return spareOfDisk(blocks * bsize) + (needsBallast ? BALLAST_BYTES : 0) - bavail * bsize
}

/** A file beside the journal that holds space for it. */
export class Ballast {
  readonly #path: string
  readonly #journal: string
  #isThere: boolean

  constructor(journal: string) {
    this.#journal = journal
    this.#path = ballastPath(journal)
    this.#isThere = existsSync(this.#path)
  }

  get isThere(): boolean {
    return this.#isThere
  }

  /** New work is refused, or soon will be. */
  isSpaceLow(): boolean {
    try {
      return missingBytes(this.#journal, !this.#isThere) > 0
    } catch {
      // A disk that does not answer this will fail the next commit.
      return true
    }
  }

  /** Puts it back, if there is space for it and more. */
  restore(): void {
    if (this.#isThere || this.isSpaceLow()) return
    try {
      // Random, for file systems that would compress zeros to nothing.
      const file = openSync(this.#path, 'w', 0o600)
      try {
        writeSync(file, randomBytes(BALLAST_BYTES))
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      this.#isThere = true
    } catch {
      // The space is gone again: as before.
      rmSync(this.#path, { force: true })
    }
  }

  /** Gives it up; false if it is gone already. */
  spend(): boolean {
    if (!this.#isThere) return false
    rmSync(this.#path, { force: true })
    this.#isThere = false
    return true
  }
}
