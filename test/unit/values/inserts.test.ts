import { expect } from 'chai'
import { ByteReader } from '../../../src/values/byte-reader.ts'
import { Decoder } from '../../../src/values/decoder.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { Inserts } from '../../../src/values/inserts.ts'

const KEYS = Array.from({ length: 10_000 }, (_, index) => index)

/** Reads a value with a processor on which each look at the clock costs `ms`. */
function decodeAt(ms: number, value: unknown): unknown {
  let now = 0
  const reader = new ByteReader(encodeValue(value, 'value'))
  reader.byte()
  return new Decoder(reader, undefined, new Inserts(() => (now += ms))).value()
}

describe('Inserts', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  const large = { map: new Map(KEYS.map((key) => [key, [key]])), set: new Set(KEYS) }

  it('inserts all keys in their order', () => {
    expect(decodeAt(1, large)).to.deep.equal(large)
  })

  it('gives up a value whose keys take far too long', () => {
    for (const value of Object.values(large)) {
      expect(() => decodeAt(500, value)).to.throw('its keys take too long to be told apart')
    }
  })

  it('allows the same time for all maps of a value together', () => {
    expect(decodeAt(150, large.set)).to.deep.equal(large.set)
    expect(() => decodeAt(150, [large.set, new Set(KEYS)])).to.throw('too long')
  })
})
