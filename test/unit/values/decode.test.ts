import { expect } from 'chai'
import { VALUE_HOLES_MAX, VALUE_NESTING_MAX } from '../../../src/core/limits.ts'
import { Rng } from '../../../src/core/rng.ts'
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { carriedCases } from './cases.ts'
import { refusalOf } from './support.ts'

const MUTATIONS = 100_000
/** Larger cases only take time here. */
const MUTATED_BYTES_MAX = 2_000
const CUT_BYTES_MAX = 300

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** Hex of a number as the format has it. */
function varint(number: number): string {
  const bytes: number[] = []
  let rest = number
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest]).toString('hex')
}

const MOST = varint(0xffffffff)

/** Bytes, and what is said of them. */
const UNREADABLE: Readonly<Record<string, readonly [hex: string, message: string]>> = {
  nothing: ['', 'it ends too early'],
  'only a version': ['01', 'it ends too early'],
  'a later version': [
    '02 01',
    'its format is 2 and this program reads 1; run the same version of p2pjobs on both machines'
  ],
  'bytes behind the end': ['01 01 01', 'there are bytes behind its end'],
  'an unknown beginning': ['01 ff', 'nothing begins with byte 255'],
  'text longer than the bytes': [`01 e8 ${MOST} 61`, 'it ends too early'],
  'pairs longer than the bytes': ['01 e9 02 6161', 'it ends too early'],
  'a bigint longer than the bytes': [`01 e6 ${MOST}`, 'it ends too early'],
  'a number above all': ['01 e8 ffffffff10', 'a number is above 2^32'],
  'a number without end': ['01 e8 ffffffffffffff', 'a number is above 2^32'],
  'a list longer than the bytes': [`01 ea ${MOST} 01`, 'it ends too early'],
  'fractions longer than the bytes': [`01 ec ${MOST} 00`, 'it ends too early'],
  'a map larger than the bytes': [`01 f3 ${MOST} 01`, 'it ends too early'],
  'a set larger than the bytes': [`01 f4 ${MOST} 01`, 'it ends too early'],
  'more keys than bytes': [`01 ee ${MOST} 01`, 'it ends too early'],
  'memory larger than the bytes': [`01 f7 00 ${MOST} 01`, 'it ends too early'],
  'a view larger than its memory': ['01 f8 01 05 00 00 01 00', 'Invalid typed array length: 5'],
  'a view outside its memory': [
    `01 f8 0c 01 ${MOST} 00 01 00`,
    'Start offset 4294967295 is outside the bounds of the buffer'
  ],
  'a view that begins where it cannot': [
    '01 f8 03 01 01 00 03 000000',
    'start offset of Int16Array should be a multiple of 2'
  ],
  'a view of no kind': ['01 f8 0d 00 00 00 00', 'it has a view that is unknown here'],
  'memory that did not come': ['01 f7 01', 'it refers to memory that did not come'],
  'an object that did not come': ['01 a1 f0 01', 'it refers to something that did not come'],
  'keys that did not come': ['01 c0', 'it refers to keys that did not come'],
  'more holes than allowed': [
    `01 ea ${MOST} ed ${varint(VALUE_HOLES_MAX + 1)}`,
    'it has too many empty places'
  ],
  'more holes in all than allowed': [
    `01 a2 ea ${varint(VALUE_HOLES_MAX)} ed ${varint(VALUE_HOLES_MAX)} a1 ed 01`,
    'it has too many empty places'
  ],
  'more holes than places': ['01 a1 ed 02', 'a list is longer than it says'],
  'a hole where a value is': ['01 ed 01', 'nothing begins with byte 237'],
  'a list with its length among its names': [
    `01 eb 00 b1 866c656e677468 ${'e4' + MOST}`,
    'a list has an item among its names'
  ],
  'a list with a far item among its names': [
    '01 eb 00 b1 8a34303030303030303030 01',
    'a list has an item among its names'
  ],
  'keys that are no text': ['01 b1 01 01', 'it has something else where text should be'],
  'an error without properties': ['01 f5 00 00 01', 'it has something else where keys should be'],
  'an error of no kind': ['01 f5 09 00 b0', 'it has an error of an unknown kind'],
  'a box of an object': ['01 f6 b0', 'it has something else where a primitive should be'],
  'a box of nothing': ['01 f6 e0', 'it has something else where a primitive should be'],
  'text that is no UTF-8': ['01 81 ff', 'The encoded data was not valid for encoding utf-8'],
  'long text that is no UTF-8': [
    `01 e8 28 ${'c3'.repeat(40)}`,
    'The encoded data was not valid for encoding utf-8'
  ],
  'a bad regular expression': [
    '01 f2 81 28 80',
    'Invalid regular expression: /(/: Unterminated group'
  ]
}

describe('decodeValue', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  for (const [name, [hex, message]] of Object.entries(UNREADABLE)) {
    it(`refuses ${name}`, () => {
      expect(refusalOf(() => decodeValue(bytesOf(hex)))).to.equal(
        `a value cannot be read: ${message}`
      )
    })
  }

  for (const [name, begin] of Object.entries({
    lists: 'a1',
    objects: 'b18161',
    maps: 'f30101',
    'maps in keys': 'f301',
    sets: 'f401',
    causes: 'f50008',
    'errors with errors': 'f500 00 b18161',
    'lists with names': 'eb00b18161'
  })) {
    it(`refuses ${name} nested without end`, () => {
      for (const levels of [VALUE_NESTING_MAX + 1, 100_000]) {
        const bytes = bytesOf(`01${begin.repeat(levels)}01010101`)
        expect(refusalOf(() => decodeValue(bytes))).to.equal(
          'a value cannot be read: it is nested too deep'
        )
      }
    })
  }

  it('makes a key called __proto__ a property and nothing else', () => {
    const proto = '895f5f70726f746f5f5f'
    const value = decodeValue(bytesOf(`01 b1 ${proto} b1 83666f6f 01`)) as object
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).to.deep.equal({ foo: 1 })
    expect('foo' in {}).to.equal(false)
    const list = decodeValue(bytesOf(`01 eb 00 b1 ${proto} b0`)) as object
    expect(Object.getPrototypeOf(list)).to.equal(Array.prototype)
  })

  it('takes no memory for numbers that keys leave out', () => {
    const count = 50_000
    for (const object of ['b1 8431303233 00', 'f5 00 00 b1 8431303233 00']) {
      const again = object.startsWith('b1') ? 'c000' : 'f50000c000'
      const bytes = bytesOf(`01 ea ${varint(count)} ${object} ${again.repeat(count - 1)}`)
      const before = process.memoryUsage().heapUsed
      const value = decodeValue(bytes) as object[]
      expect((process.memoryUsage().heapUsed - before) / count).to.be.below(4_000)
      expect(Object.entries(value[count - 1]!)).to.deep.equal([['1023', 0]])
    }
  })

  it('shares no memory with what it read', () => {
    const original = [new Uint8Array([1, 2, 3]), new Float64Array([1, 2]), [0.5, 1.5, 2.5, 3.5]]
    for (const offset of [0, 1]) {
      const encoded = encodeValue(original, 'argument')
      const bytes = new Uint8Array(encoded.length + offset).subarray(offset)
      bytes.set(encoded)
      const value = decodeValue(bytes) as typeof original
      expect((value[0] as Uint8Array).buffer.byteLength).to.equal(3)
      bytes.fill(0xff)
      expect(value).to.deep.equal(original)
    }
  })

  it('reads Buffers as it reads other bytes', () => {
    const bytes = Buffer.from(encodeValue([new Uint8Array([1, 2]), 'é'.repeat(50)], 'argument'))
    const value = decodeValue(bytes)
    bytes.fill(0)
    expect(value).to.deep.equal([new Uint8Array([1, 2]), 'é'.repeat(50)])
  })

  it('every value cut short is refused', () => {
    for (const [name, value] of Object.entries(carriedCases())) {
      const bytes = encodeValue(value, 'argument')
      if (bytes.length > CUT_BYTES_MAX) continue
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeValue(bytes.subarray(0, length)), name).to.throw('cannot be read')
      }
    }
  })

  it(`${MUTATIONS} damaged values are refused or understood, nothing else`, () => {
    const rng = new Rng(1)
    const originals = Object.values(carriedCases())
      .map((value) => encodeValue(value, 'argument'))
      .concat(encodeValue(new TypeError('x', { cause: [new Error('y')] }), 'argument'))
      .filter(({ length }) => length <= MUTATED_BYTES_MAX)
    let understood = 0
    for (let round = 0; round < MUTATIONS; round++) {
      const bytes = originals[round % originals.length]!.slice()
      for (let flips = rng.integer(1, 3); flips > 0; flips--) {
        bytes[rng.integer(1, bytes.length - 1)] = rng.integer(0, 255)
      }
      try {
        decodeValue(bytes)
        understood++
      } catch (error) {
        expect(error, Buffer.from(bytes).toString('hex')).to.have.property('code', 'BAD_VALUE')
      }
    }
    expect(understood).to.be.within(MUTATIONS / 100, MUTATIONS)
    expect(Object.keys(Object.prototype)).to.deep.equal([])
  })

  it('random bytes are refused or understood, nothing else', () => {
    const rng = new Rng(2)
    for (let round = 0; round < 10_000; round++) {
      const bytes = Uint8Array.from({ length: rng.integer(2, 40) }, () => rng.integer(0, 255))
      bytes[0] = 1
      try {
        decodeValue(bytes)
      } catch (error) {
        expect(error, Buffer.from(bytes).toString('hex')).to.have.property('code', 'BAD_VALUE')
      }
    }
  })
})
