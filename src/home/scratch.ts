/**
 * Scratch: the folder of one process for what must not outlive it (spooled output, blobs, empty
 * working folders). If the process dies, its helpers remove it (`exec/leftovers.ts`); whoever starts
 * next removes what they could not.
 *
 *     <data>/scratch/<machine>/<process id>-<its start>-<random>/
 *
 * The machine is part of the path because a home may lie on a shared disk, and only processes of
 * this machine can be seen to have ended.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { toError } from '../core/errors.ts'
import { makeFolder, onHomeError } from './home.ts'
import type { HomeFolders } from './home.ts'
import { processStart } from './process-start.ts'

export interface Scratch {
  /** Empty at first, readable by this user only. */
  readonly folder: string
  /** Removes the folder and all that is in it; what cannot be removed is told to `warn`. */
  remove(): void
}

/**
 * Makes this process's scratch folder and removes those of processes that have ended; `warn` is
 * told what could not be removed. Throws BAD_HOME if the folder cannot be made.
 */
export function createScratch(home: HomeFolders, warn: (line: string) => void): Scratch {
  const parent = join(home.data, 'scratch', encodeURIComponent(hostname()))
  makeFolder(parent)
  for (const name of onHomeError(parent, () => readdirSync(parent))) {
    if (isOfDeadProcess(name)) removeTree(join(parent, name), warn)
  }
  const random = randomBytes(4).toString('hex')
  const folder = join(parent, `${process.pid}-${processStart(process.pid) ?? 0}-${random}`)
  onHomeError(folder, () => mkdirSync(folder, { mode: 0o700 }))
  return { folder, remove: () => removeTree(folder, warn) }
}

/** Names that this file did not make are left alone. */
function isOfDeadProcess(name: string): boolean {
  const [, pid, start] = /^(\d{1,10})-(\d{1,20})-[0-9a-f]{8}$/.exec(name) ?? []
  return pid !== undefined && processStart(Number(pid)) !== Number(start)
}

function removeTree(folder: string, warn: (line: string) => void): void {
  try {
    unlockFolders(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 })
  } catch (error) {
    // Two processes that start at once remove the same leftovers.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    warn(`cannot remove ${folder}: ${toError(error).message}; remove it by hand`)
  }
}

/** Tasks leave folders without write permission behind (caches of some tools), which then stay. */
function unlockFolders(folder: string): void {
  const kind = lstatSync(folder, { throwIfNoEntry: false })
  if (kind?.isDirectory() !== true) return
  if ((kind.mode & 0o700) !== 0o700) chmodSync(folder, 0o700)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) unlockFolders(join(folder, entry.name))
  }
}
