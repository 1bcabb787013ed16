/** Beside what Buffer reads and writes. */
import { expect } from 'chai'
import { putF64, putU32, readF64, readU32 } from '../../../../src/exec/functions/numbers.ts'

describe('numbers of frames', () => {
  for (const value of [0, 1, 255, 256, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    it(`${value} in four bytes`, () => {
      const bytes = Buffer.alloc(9)
      putU32(bytes, 3, value)
      expect(bytes.readUInt32LE(3)).to.equal(value)
      expect(readU32(bytes, 3)).to.equal(value)
      expect([...bytes.subarray(0, 3), ...bytes.subarray(7)]).to.deep.equal([0, 0, 0, 0, 0])
    })
  }

  for (const value of [0, -0, 0.1, -1e300, Number.MAX_SAFE_INTEGER, Infinity, NaN]) {
    it(`${value} in eight bytes`, () => {
      const bytes = Buffer.alloc(13)
      putF64(bytes, 3, value)
      expect(bytes.readDoubleLE(3)).to.deep.equal(value)
      expect(readF64(bytes, 3)).to.deep.equal(value)
      expect([...bytes.subarray(0, 3), ...bytes.subarray(11)]).to.deep.equal([0, 0, 0, 0, 0])
    })
  }

  it('are not read behind the end', () => {
    expect(readU32(new Uint8Array(4), 0)).to.equal(0)
    expect(readF64(new Uint8Array(8), 0)).to.equal(0)
    for (const bytes of [0, 3]) {
      expect(() => readU32(new Uint8Array(bytes), 0)).to.throw(RangeError)
      expect(() => readF64(new Uint8Array(4 + bytes), 0)).to.throw(RangeError)
    }
  })
})
