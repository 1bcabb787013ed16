import { expect } from 'chai'
import { ByteReader } from '../../../src/values/byte-reader.ts'
import { ByteWriter } from '../../../src/values/byte-writer.ts'
import { TooLarge } from '../../../src/values/refusal.ts'

const SMALL_BYTES = 1024 * 1024

describe('ByteWriter', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  it('writes every size of number, and ByteReader reads it', () => {
    const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1]
    const writer = new ByteWriter()
    for (const number of numbers) writer.varint(number)
    const reader = new ByteReader(writer.bytes.slice(0, writer.at))
    expect(numbers.map(() => reader.varint())).to.deep.equal(numbers)
    expect(reader.left).to.equal(0)
  })

  it('grows as it must, and keeps what it has', () => {
    const writer = new ByteWriter()
    for (let byte = 0; byte < 100_000; byte++) writer.byte(byte & 0xff)
    expect(writer.at).to.equal(100_000)
    expect(writer.bytes[99_999]).to.equal(99_999 & 0xff)
    expect(writer.bytes[255]).to.equal(255)
  })

  it('lets go of a buffer that has become large, and keeps a smaller one', () => {
    const writer = new ByteWriter()
    for (const [bytes, isKept] of [
      [SMALL_BYTES, true],
      [SMALL_BYTES * 8, false]
    ] as const) {
      writer.text('x'.repeat(bytes))
      writer.clear()
      expect(writer.at).to.equal(0)
      expect(writer.bytes.length > bytes).to.equal(isKept)
    }
  })

  it('stops growing at its limit', () => {
    const writer = new ByteWriter(SMALL_BYTES)
    const fill = (): void => {
      while (writer.at < SMALL_BYTES * 2) writer.float(1)
    }
    expect(fill).to.throw(TooLarge, 'does not fit')
    expect(writer.at).to.be.within(SMALL_BYTES, SMALL_BYTES * 1.5)
  })

  it('refuses text and bigints that are too long before it writes them', () => {
    const writer = new ByteWriter(SMALL_BYTES)
    expect(() => writer.text('x'.repeat(SMALL_BYTES + 1))).to.throw(TooLarge)
    expect(() => writer.bigint(1n << BigInt(SMALL_BYTES * 8))).to.throw(TooLarge)
    expect(writer.at).to.equal(0)
  })
})
