/**
 * Small files that are either there whole or not at all, readable by their owner only.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { dirname } from 'node:path'
import { onHomeError } from './home.ts'

/** The text of a file, or undefined if there is none. Throws BAD_HOME if it cannot be read. */
export function readPrivateFile(path: string): string | undefined {
  return onHomeError(path, () => unless('ENOENT', () => readFileSync(path, 'utf8')))
}

/** Replaces the file in one step (0600), on disk when it returns. Throws BAD_HOME. */
export function writePrivateFile(path: string, text: string): void {
  onHomeError(path, () => viaTemporary(path, text, (temporary) => renameSync(temporary, path)))
}

/**
 * Makes the file in one step, or leaves the one that is there: false means that another process
 * was first. Throws BAD_HOME.
 */
export function createPrivateFile(path: string, text: string): boolean {
  return onHomeError(path, () =>
    viaTemporary(path, text, (temporary) => {
      // Unlike a rename, a link never replaces.
      const made = unless('EEXIST', () => (linkSync(temporary, path), true))
      return made ?? false
    })
  )
}

/** Removes the file if it is there. */
export function removeFile(path: string): void {
  onHomeError(path, () => rmSync(path, { force: true }))
}

function viaTemporary<T>(path: string, text: string, put: (temporary: string) => T): T {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    const done = put(temporary)
    syncFolder(dirname(path))
    return done
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** A new name is on disk only when its folder is. */
function syncFolder(folder: string): void {
  // Windows cannot open a folder, and keeps names by itself.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** What `work` returns, or undefined when it fails with this code of the system. */
function unless<T>(code: string, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined
    throw error
  }
}
