/**
 * Named pipes, opened so that nothing ever blocks.
 *
 * A pipe that was opened anew by each of its writers tells by its end that none of them is left,
 * which an unnamed one, of which the shells would hold copies, could not.
 */
import { execFileSync } from 'node:child_process'
import { constants, existsSync, openSync, readSync } from 'node:fs'
import { toError } from '../core/errors.ts'

/** Where it is nearly everywhere, whatever PATH tasks are to see; else wherever PATH says. */
const MKFIFO = ['/usr/bin/mkfifo', '/bin/mkfifo'].find((path) => existsSync(path)) ?? 'mkfifo'
/** Made by one process each: more would not fit into an argument list. */
const MADE_AT_ONCE = 1_000

/** Makes named pipes, for which Node has no call. Throws, with a reason in one line. */
export function makeFifos(paths: readonly string[]): void {
  for (let at = 0; at < paths.length; at += MADE_AT_ONCE) {
    const words = ['-m', '600', '--', ...paths.slice(at, at + MADE_AT_ONCE)]
    try {
      execFileSync(MKFIFO, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    } catch (error) {
      const why = toError(error).message.trim().split('\n').at(-1) ?? ''
      throw new Error(`cannot make named pipes: ${why}`, { cause: error })
    }
  }
}

export function openToRead(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** Whoever opens it for both ends never sees its end, and nobody who reads it does. */
export function openBothEnds(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
}

/** How many bytes were there to read; 0: nobody has it open to write; undefined: none now. */
export function readNow(fd: number, into: Uint8Array): number | undefined {
  try {
    return readSync(fd, into, 0, into.length, null)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}
