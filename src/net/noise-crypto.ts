/**
 * What Noise encrypts with: its own functions for Node, given keys that are made ready once.
 */
import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { asCrypto, defaultCrypto, nodeCrypto } from '@chainsafe/libp2p-noise/crypto'

/** Up to here the functions in WebAssembly are the faster ones: 3 us there and back, of 60 bytes. */
const SMALL_BYTES_MAX = 512

/** A key never changes within the connection it was made for. */
const ready = new WeakMap<Uint8Array, KeyObject>()

/**
 * Node takes 10 us longer for each message when it is given the bytes of a key. It takes either where
 * Noise's types know of bytes only.
 */
function readyKey(key: Uint8Array): Uint8Array {
  let object = ready.get(key)
  if (object === undefined) ready.set(key, (object = createSecretKey(key)))
  return object as unknown as Uint8Array
}

export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
    return plaintext.byteLength <= SMALL_BYTES_MAX
      ? asCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
      : nodeCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, readyKey(key))
  },
  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, dst) {
    return ciphertext.byteLength <= SMALL_BYTES_MAX
      ? asCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, dst)
      : nodeCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, readyKey(key), dst)
  }
}
