/**
 * The networks a home belongs to: one token each, under a name that means something only here.
 * What a token says is not this folder's business.
 */
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { P2pJobsError } from '../core/errors.ts'
import { readPrivateFile, writePrivateFile } from './files.ts'
import { makeFolder, onHomeError } from './home.ts'
import type { HomeFolders } from './home.ts'

export const DEFAULT_NETWORK = 'default'
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/

/**
 * The token kept for a network, or undefined. A file that others could read is made private, and
 * `warn` is told. Throws USAGE for a name that cannot be one, BAD_HOME if the file cannot be read.
 */
export function readToken(
  home: HomeFolders,
  network: string,
  warn: (line: string) => void
): string | undefined {
  const path = tokenPath(home, network)
  const token = readPrivateFile(path)
  if (token !== undefined) makePrivate(path, warn)
  return token?.trim()
}

/** Keeps the token of a network (0600), in place of the one before. Throws USAGE, BAD_HOME. */
export function writeToken(home: HomeFolders, network: string, token: string): void {
  const path = tokenPath(home, network)
  makeFolder(join(home.config, 'networks'))
  writePrivateFile(path, `${token}\n`)
}

function tokenPath(home: HomeFolders, network: string): string {
  if (NAME.test(network)) return join(home.config, 'networks', `${network}.token`)
  throw new P2pJobsError(
    'USAGE',
    `the network ${JSON.stringify(network)} cannot be: the name of one has 1 to 64 small letters, ` +
      'digits, - and _, and begins with a letter or digit'
  )
}

function makePrivate(path: string, warn: (line: string) => void): void {
  if (process.platform === 'win32') return
  onHomeError(path, () => {
    if ((statSync(path).mode & 0o077) === 0) return
    chmodSync(path, 0o600)
    warn(`${path} could be read by other users of this machine; it is private again (0600)`)
  })
}
