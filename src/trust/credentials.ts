/**
 * What a node holds of its network: the public key that all trust leans on, the join secret, and
 * on machines that may be masters the seed of the root key.
 *
 * The secret admits to the network, the seed admits to publishing work; a stolen work token can
 * therefore run nothing on anyone.
 */
import { createHash, randomBytes } from 'node:crypto'
import { publicKeyOf } from './ed25519.ts'

export const SEED_BYTES = 32
export const SECRET_BYTES = 16

export interface Credentials {
  /** Ed25519, 32 bytes: names the network. */
  readonly rootPublicKey: Uint8Array
  /** 32 bytes, only with a full token: makes masters. */
  readonly rootSeed: Uint8Array | undefined
  /** 16 random bytes that all members share. */
  readonly secret: Uint8Array
}

/** A new network of its own, with the right to publish work in it. */
export function createCredentials(): Credentials {
  return fullCredentials(
    new Uint8Array(randomBytes(SEED_BYTES)),
    new Uint8Array(randomBytes(SECRET_BYTES))
  )
}

/** The credentials of whoever holds the root seed (32 bytes) and the secret (16 bytes). */
export function fullCredentials(rootSeed: Uint8Array, secret: Uint8Array): Credentials {
  return { rootPublicKey: publicKeyOf(rootSeed), rootSeed, secret }
}

/**
 * Those of the open network, which everybody can make: whoever has them may join and publish, so
 * that they protect nothing. No other network has them, as all others are made of random bytes.
 */
export function openCredentials(): Credentials {
  const root = hash('p2pjobs/insecure-open/1/root')
  const secret = hash('p2pjobs/insecure-open/1/secret').subarray(0, SECRET_BYTES)
  return fullCredentials(new Uint8Array(root), new Uint8Array(secret))
}

/** True for credentials that everybody can make, even if it is a part of them. */
export function isOpen({ rootPublicKey, secret }: Credentials): boolean {
  const open = openCredentials()
  return (
    Buffer.from(open.rootPublicKey).equals(rootPublicKey) || Buffer.from(open.secret).equals(secret)
  )
}

/** True where work may be published: the holder can make itself a master. */
export function isFull(
  credentials: Credentials
): credentials is Credentials & { readonly rootSeed: Uint8Array } {
  return credentials.rootSeed !== undefined
}

/** Eight hexadecimal digits for the service tag, so that other networks are not even dialled. */
export function networkTag(credentials: Credentials): string {
  return hash('p2pjobs/tag/1', credentials.rootPublicKey).toString('hex', 0, 4)
}

/** 32 bytes for both sides of a Noise handshake: it fails unless they hold the same secret. */
export function noisePrologue(credentials: Credentials): Uint8Array {
  return new Uint8Array(hash('p2pjobs/net/1', credentials.secret))
}

function hash(purpose: string, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  return createHash('sha256').update(purpose).update(bytes).digest()
}
