/**
 * Ed25519 on raw keys. Node takes keys only in their ASN.1 wrapping, which for this algorithm is
 * a fixed prefix before the 32 bytes.
 */
import { createPrivateKey, createPublicKey, sign as signWith, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export const SIGNATURE_BYTES = 64
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** The 32-byte public key of a 32-byte seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const wrapped = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(wrapped.subarray(PUBLIC_PREFIX.length))
}

/** The 64-byte signature of `message` by the key of a 32-byte seed. */
export function sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(signWith(null, message, privateKey(seed)))
}

/** True if the key of these 32 bytes has signed `message`; false for bytes that are no key. */
export function isSignedBy(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
): boolean {
  if (publicKey.length !== 32 || signature.length !== SIGNATURE_BYTES) return false
  const der = Buffer.concat([PUBLIC_PREFIX, publicKey])
  return verify(
    null,
    message,
    createPublicKey({ key: der, format: 'der', type: 'spki' }),
    signature
  )
}

function privateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([PRIVATE_PREFIX, seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
