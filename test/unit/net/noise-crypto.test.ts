import { randomBytes } from 'node:crypto'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { expect } from 'chai'
import { noiseCrypto } from '../../../src/net/noise-crypto.ts'

const NONCE = new Uint8Array(12).fill(7)
const AD = Buffer.from('what is beside it')

describe('what Noise encrypts with', () => {
  for (const size of [0, 1, 496, 497, 512, 513, 1_200, 65_519]) {
    it(`${size} bytes: the same as by its own functions, in both directions`, () => {
      const key = new Uint8Array(randomBytes(32))
      const plain = randomBytes(size)
      const cipher = noiseCrypto.chaCha20Poly1305Encrypt(plain, NONCE, AD, key).subarray()
      const theirs = defaultCrypto.chaCha20Poly1305Encrypt(plain, NONCE, AD, key).subarray()
      expect(Buffer.compare(cipher, theirs)).to.equal(0)
      // One of its functions decrypts in place.
      const back = noiseCrypto.chaCha20Poly1305Decrypt(cipher.slice(), NONCE, AD, key)
      expect(Buffer.compare(back.subarray(), plain)).to.equal(0)
    })

    it(`${size} bytes that somebody has changed, or by another key: refused`, () => {
      const key = new Uint8Array(randomBytes(32))
      const cipher = noiseCrypto.chaCha20Poly1305Encrypt(randomBytes(size), NONCE, AD, key).slice()
      const other = new Uint8Array(randomBytes(32))
      expect(() => noiseCrypto.chaCha20Poly1305Decrypt(cipher, NONCE, AD, other)).to.throw()
      cipher[cipher.length - 1]! ^= 1
      expect(() => noiseCrypto.chaCha20Poly1305Decrypt(cipher, NONCE, AD, key)).to.throw()
    })
  }
})
