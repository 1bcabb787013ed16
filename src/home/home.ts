/**
 * The folders a node keeps: what its user would miss (identity, tokens) in one, what it can do
 * without (lock, last port, journal, scratch) in the other.
 *
 * Everything here is synchronous: it runs once, before there is an event loop to hold up.
 */
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'

export interface HomeFolders {
  readonly config: string
  readonly data: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where this user's folders are: both in `P2PJOBS_HOME` if it is set, else where the platform
 * wants them (XDG base directories, or Application Support). Touches nothing.
 */
export function resolveHome(
  environment: Environment,
  platform: NodeJS.Platform = process.platform
): HomeFolders {
  const own = environment['P2PJOBS_HOME']
  if (own !== undefined && own !== '') return { config: resolve(own), data: resolve(own) }
  const user = absolute(environment['HOME']) ?? homedir()
  if (platform === 'darwin') {
    const folder = join(user, 'Library', 'Application Support', 'p2pjobs')
    return { config: folder, data: folder }
  }
  const config = absolute(environment['XDG_CONFIG_HOME']) ?? join(user, '.config')
  const data = absolute(environment['XDG_STATE_HOME']) ?? join(user, '.local', 'state')
  return { config: join(config, 'p2pjobs'), data: join(data, 'p2pjobs') }
}

/** The XDG specification: a relative path is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined
}

/**
 * Makes the folders, for this user only. Throws BAD_HOME when one cannot be made or written, or
 * when all users of the machine can write to it. Folders that are there keep their mode: with
 * `P2PJOBS_HOME` they may be anybody's.
 */
export function openHome(folders: HomeFolders): HomeFolders {
  for (const folder of new Set([folders.config, folders.data])) makeFolder(folder)
  return folders
}

/** Makes a folder and those above it (0700), and checks that it can be used. */
export function makeFolder(folder: string): void {
  onHomeError(folder, () => {
    makeWithParents(folder)
    // Permissions do not tell: the disk may be full or read-only, and root may do anything.
    rmdirSync(mkdtempSync(join(folder, '.probe-')))
  })
  if (process.platform === 'win32' || (statSync(folder).mode & 0o002) === 0) return
  throw new P2pJobsError(
    'BAD_HOME',
    `every user of this machine can write to ${folder}; ` +
      `run \`chmod o-w\` on it, or choose another folder with P2PJOBS_HOME`
  )
}

/** Step by step: Node's own recursive way never returns where the system makes no folders (/proc). */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return
  makeWithParents(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process of this home may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * What `work` returns; what it throws becomes a BAD_HOME that names the path and the cure, unless it
 * says so itself.
 */
export function onHomeError<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const own = operatingErrorOf(cause)
    if (own !== undefined) throw own
    throw new P2pJobsError(
      'BAD_HOME',
      `cannot use ${path}: ${toError(cause).message}; ` +
        'make it readable and writable, or choose another folder with P2PJOBS_HOME',
      { cause }
    )
  }
}
