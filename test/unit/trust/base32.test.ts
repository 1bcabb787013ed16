import { expect } from 'chai'
import fc from 'fast-check'
import { fromBase32, toBase32 } from '../../../src/trust/base32.ts'

describe('base32', () => {
  it('gives what RFC 4648 gives, small and without padding', () => {
    const examples = {
      '': '',
      f: 'my',
      fo: 'mzxq',
      foo: 'mzxw6',
      foob: 'mzxw6yq',
      fooba: 'mzxw6ytb'
    }
    for (const [text, encoded] of Object.entries(examples)) {
      expect(toBase32(Buffer.from(text))).to.equal(encoded)
    }
  })

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase32(toBase32(bytes))).to.deep.equal(Uint8Array.from(bytes))
      })
    )
  })

  it('reads nothing that it would not write', () => {
    for (const text of ['m', 'mz=', 'm1', 'mz', 'mzxwa']) {
      const bytes = fromBase32(text)
      if (bytes !== undefined) expect(toBase32(bytes)).to.equal(text)
    }
    expect(fromBase32('mz')).to.equal(undefined)
    expect(fromBase32('m')).to.equal(undefined)
  })
})
