/**
 * Where a node's control socket is: in its data folder, unless the system allows no such long path
 * for a socket.
 */
import { lstatSync, mkdtempSync, rmdirSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { unlink } from 'node:fs/promises'
import { P2pJobsError } from '../core/errors.ts'

const NAME = 'control.sock'
/** Of Linux 107, of macOS 103. */
const PATH_BYTES_MAX = 103

export interface SocketPlace {
  readonly path: string
  /** Removes what was made for it. */
  remove(): void
}

/** A path for the socket of a node with this data folder. */
export function socketPlace(data: string, temporary = tmpdir()): SocketPlace {
  const path = join(data, NAME)
  if (fits(path)) return { path, remove: () => undefined }
  // A folder of this user alone (0700) with a name that nobody can have made before.
  const parent = fits(join(temporary, 'p2pjobs-xxxxxx', NAME)) ? temporary : '/tmp'
  const folder = mkdtempSync(join(parent, 'p2pjobs-'))
  return { path: join(folder, NAME), remove: () => removeIfEmpty(folder) }
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= PATH_BYTES_MAX
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error
  }
}

/**
 * Makes way for a new socket: one that nobody listens on any more is removed. Throws PORT_IN_USE
 * when somebody does, BAD_HOME for a file that is no socket.
 */
export async function clearPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) {
    const what = `${path} is no socket, and a node needs this name`
    throw new P2pJobsError('BAD_HOME', `${what}; move it out of ${dirname(path)}`)
  }
  if (await isListening(path)) {
    throw new P2pJobsError('PORT_IN_USE', `another node listens on ${path}; end that one first`)
  }
  await unlink(path)
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Refused: its process is gone. A full backlog (EAGAIN) is of one that lives.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN'))
  })
}
