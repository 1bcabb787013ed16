/**
 * The identity of a node: the seed of its Ed25519 key, from which its peer id follows. It is kept,
 * so that others know a node again after a restart.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { operatingErrorOf, P2pJobsError } from '../core/errors.ts'
import { createPrivateFile, readPrivateFile } from './files.ts'
import type { HomeFolders } from './home.ts'

const SEED_BYTES = 32
const FORMAT = /^p2pjobs-identity-1 (?<seed>[0-9a-f]{64})\n$/

/** A seed that is kept nowhere (32 bytes), for a second node of one home. */
export function createIdentity(): Uint8Array {
  return new Uint8Array(randomBytes(SEED_BYTES))
}

/**
 * The seed of this home's node (32 bytes), made when there is none. Throws BAD_IDENTITY for a
 * file that cannot be read as one, BAD_HOME if a new one cannot be written.
 */
export function loadIdentity(home: HomeFolders): Uint8Array {
  const path = join(home.config, 'identity')
  const kept = readIdentity(path)
  if (kept !== undefined) return kept
  const seed = createIdentity()
  const text = `p2pjobs-identity-1 ${Buffer.from(seed).toString('hex')}\n`
  // Two nodes that start for the first time at once must not both believe in their own.
  return createPrivateFile(path, text) ? seed : (readIdentity(path) ?? seed)
}

function readIdentity(path: string): Uint8Array | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  const seed = FORMAT.exec(text)?.groups?.['seed']
  if (seed === undefined) throw badIdentity(path, 'is damaged')
  return new Uint8Array(Buffer.from(seed, 'hex'))
}

function readText(path: string): string | undefined {
  try {
    return readPrivateFile(path)
  } catch (cause) {
    const reason = operatingErrorOf(cause)?.cause
    throw badIdentity(path, `cannot be read (${String(reason ?? cause)})`, cause)
  }
}

function badIdentity(path: string, problem: string, cause?: unknown): P2pJobsError {
  return new P2pJobsError(
    'BAD_IDENTITY',
    `the identity file ${path} ${problem}; restore it, or delete it and a new one is made`,
    { cause }
  )
}
