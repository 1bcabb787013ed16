/**
 * Tokens: credentials as one line to paste.
 *
 *     p2pj1-work-<base32 of root public key (32) + secret (16) + checksum (4)>
 *     p2pj1-full-<base32 of root seed (32) + secret (16) + checksum (4)>
 *
 * The checksum, over the prefix too, tells a mistyped token from one of another network. No error
 * repeats what was pasted: it may be a secret.
 */
import { createHash } from 'node:crypto'
import { P2pJobsError } from '../core/errors.ts'
import { fromBase32, toBase32 } from './base32.ts'
import { fullCredentials, isFull, isOpen, SECRET_BYTES, SEED_BYTES } from './credentials.ts'
import type { Credentials } from './credentials.ts'

export type TokenKind = 'work' | 'full'

const VERSION = 1
const CHECKSUM_BYTES = 4
const CONTENT_BYTES = SEED_BYTES + SECRET_BYTES
const BODY_CHARACTERS = Math.ceil(((CONTENT_BYTES + CHECKSUM_BYTES) * 8) / 5)
const SHAPE = /^p2pj(?<version>\d{1,9})-(?:(?<kind>[a-z]+)-(?<body>.*))?/

/**
 * The token of a network as one line of 95 characters. A full one can be made only where the
 * root seed is (NOT_A_MASTER).
 */
export function encodeToken(credentials: Credentials, kind: TokenKind): string {
  const prefix = `p2pj${VERSION}-${kind}-`
  const content = Buffer.concat([keyBytes(credentials, kind), credentials.secret])
  return prefix + toBase32(Buffer.concat([content, checksum(prefix, content)]))
}

function keyBytes(credentials: Credentials, kind: TokenKind): Uint8Array {
  if (kind === 'work') return credentials.rootPublicKey
  if (isFull(credentials)) return credentials.rootSeed
  throw new P2pJobsError(
    'NOT_A_MASTER',
    'this home holds only a work token; run `p2pjobs token --full` where the network was made'
  )
}

/**
 * The credentials in a pasted token, whatever white space or line breaks came with it. Throws
 * BAD_TOKEN, which says whether it is no token, cut off, mistyped, or of a newer version.
 */
export function parseToken(text: string): Credentials {
  const { prefix, kind, body } = splitToken(text.replace(/\s+/g, '').toLowerCase())
  if (body.length < BODY_CHARACTERS) throw badToken(`is cut off: ${lengthProblem(prefix, body)}`)
  if (body.length > BODY_CHARACTERS) throw badToken(`is too long: ${lengthProblem(prefix, body)}`)
  const bytes = fromBase32(body)
  const content = bytes?.subarray(0, CONTENT_BYTES)
  if (bytes === undefined || content === undefined || !isChecked(prefix, content, bytes)) {
    throw badToken('is mistyped: its checksum is wrong; copy it again')
  }
  const credentials = credentialsIn(kind, content)
  // It would look like a network of one's own and let everybody in.
  if (isOpen(credentials)) throw badToken('is one that everybody can make; see --insecure-open')
  return credentials
}

function credentialsIn(kind: TokenKind, content: Uint8Array): Credentials {
  const key = content.slice(0, SEED_BYTES)
  const secret = content.slice(SEED_BYTES)
  return kind === 'full'
    ? fullCredentials(key, secret)
    : { rootPublicKey: key, rootSeed: undefined, secret }
}

function splitToken(text: string): { prefix: string; kind: TokenKind; body: string } {
  const { version, kind, body } = SHAPE.exec(text)?.groups ?? {}
  if (version !== undefined && Number(version) > VERSION) {
    throw badToken(
      `is of the newer version ${version}, and this p2pjobs reads ${VERSION}: update it`
    )
  }
  if (Number(version) !== VERSION || body === undefined || (kind !== 'work' && kind !== 'full')) {
    throw badToken('is not a p2pjobs token: one begins with p2pj1-work- or p2pj1-full-')
  }
  return { prefix: text.slice(0, text.length - body.length), kind, body }
}

/**
 * What to keep when a token is pasted where one is kept already. Of the same network: the fuller
 * of the two, so that a full token upgrades and a work token takes nothing away. Of another
 * network: BAD_TOKEN, which says how to name it.
 */
export function mergeCredentials(kept: Credentials, pasted: Credentials): Credentials {
  if (!Buffer.from(kept.rootPublicKey).equals(pasted.rootPublicKey)) {
    throw new P2pJobsError(
      'BAD_TOKEN',
      'the token belongs to another network than the one kept here; ' +
        'keep both by giving the new one a name of its own: --network NAME, or `network` in a program'
    )
  }
  return { ...pasted, rootSeed: pasted.rootSeed ?? kept.rootSeed }
}

function checksum(prefix: string, content: Uint8Array): Uint8Array {
  return createHash('sha256').update(prefix).update(content).digest().subarray(0, CHECKSUM_BYTES)
}

function isChecked(prefix: string, content: Uint8Array, bytes: Uint8Array): boolean {
  return Buffer.from(checksum(prefix, content)).equals(bytes.subarray(CONTENT_BYTES))
}

function lengthProblem(prefix: string, body: string): string {
  const [found, wanted] = [prefix.length + body.length, prefix.length + BODY_CHARACTERS]
  return `it has ${found} characters and not ${wanted}; copy the whole line, and only that`
}

function badToken(problem: string): P2pJobsError {
  return new P2pJobsError('BAD_TOKEN', `the token ${problem}`)
}
