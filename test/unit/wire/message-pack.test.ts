/** Heads beside a library for the same format: each has to read what the other writes. */
import { expect } from 'chai'
import { decode, encode } from '@msgpack/msgpack'
import { Rng } from '../../../src/core/rng.ts'
import { decodeHead } from '../../../src/wire/codec.ts'
import type { Fields } from '../../../src/wire/codec.ts'
import { encodeHead } from '../../../src/wire/message-pack-writer.ts'
import type { Field } from '../../../src/wire/message-pack-writer.ts'
import { codeOf } from '../../support/code-of.ts'

const EDGES = [7, 8, 15, 16, 31, 32].flatMap((power) => [
  2 ** power - 1,
  2 ** power,
  2 ** power + 1
])
const NUMBERS = [0, 1, ...EDGES, 2 ** 40, Number.MAX_SAFE_INTEGER, 0.5, 1e300]
const SIZES = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536, 200_000]

function below(rng: Rng, end: number): number {
  return rng.integer(0, end - 1)
}

/** A field of any kind, lists in it no deeper than told. */
function randomField(rng: Rng, depth: number): Field {
  const size = SIZES[below(rng, 7)]!
  switch (below(rng, depth > 0 ? 7 : 6)) {
    case 0:
      return null
    case 1:
      return below(rng, 2) === 0
    case 2:
      return NUMBERS[below(rng, NUMBERS.length)]!
    case 3:
      return -NUMBERS[below(rng, NUMBERS.length)]!
    case 4:
      return ['', 'a', 'ä', '€', '😀'][below(rng, 5)]!.repeat(size)
    case 5:
      return new Uint8Array(size).fill(below(rng, 256))
    default:
      return Array.from({ length: below(rng, 20) }, () => randomField(rng, depth - 1))
  }
}

/** Reads a field by asking for what it is. */
function read(fields: Fields, like: Field): unknown {
  if (Array.isArray(like)) {
    const list = fields.list()
    const values = (like as Field[]).map((inner) => read(list, inner))
    expect(list.hasMore).to.equal(false)
    return values
  }
  if (like instanceof Uint8Array) return fields.bytes(Infinity)
  return fields.scalar(Infinity)
}

/** As a library reads it: zero has no sign. */
function plain(field: unknown): unknown {
  if (Array.isArray(field)) return field.map(plain)
  if (field instanceof Uint8Array) return [...field]
  return typeof field === 'number' ? field + 0 : field
}

describe('heads', () => {
  const each: [string, Field][] = [
    ...[...NUMBERS, ...NUMBERS.map((number) => -number)].map((n): [string, Field] => [`${n}`, n]),
    ...SIZES.map((size): [string, Field] => [`text of ${size}`, 'x'.repeat(size)]),
    ...SIZES.map((size): [string, Field] => [`bytes, ${size}`, new Uint8Array(size).fill(3)]),
    ...SIZES.map((size): [string, Field] => [`a list of ${size}`, Array<Field>(size).fill(7)])
  ]

  for (const [what, field] of each) {
    it(`${what}: read by a library, and what that writes is read here`, () => {
      const bytes = encodeHead([field]).slice()
      expect(plain(decode(bytes))).to.deep.equal(plain([field]))
      for (const written of [bytes, encode([field])]) {
        expect(plain(read(decodeHead(written), field))).to.deep.equal(plain(field))
      }
    })
  }

  it('of anything, nested: the same', () => {
    const rng = new Rng(1)
    for (let round = 0; round < 500; round++) {
      const fields = [randomField(rng, 3), randomField(rng, 3)]
      const bytes = encodeHead(fields).slice()
      expect(plain(decode(bytes))).to.deep.equal(plain(fields))
      for (const written of [bytes, encode(fields)]) {
        const reader = decodeHead(written)
        expect(plain(fields.map((field) => read(reader, field)))).to.deep.equal(plain(fields))
      }
    }
  })

  it('numbers as others may write them', () => {
    const written: [bytes: number[], value: number][] = [
      [[0xcc, 5], 5],
      [[0xcd, 0, 5], 5],
      [[0xce, 0, 0, 0, 5], 5],
      [[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], 2 ** 32],
      [[0xd0, 0xff], -1],
      [[0xd1, 0xff, 0xfe], -2],
      [[0xd2, 0xff, 0xff, 0xff, 0xfd], -3],
      [[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc], -4],
      [[0xca, 0x3f, 0x80, 0, 0], 1]
    ]
    for (const [bytes, value] of written) {
      expect(decodeHead(new Uint8Array([0x91, ...bytes])).integer(-10)).to.equal(value)
    }
  })

  it('what is unknown behind the known fields is left out, whatever it is', () => {
    const more = { key: [1, new Date(0), { inner: 'b' }] }
    const rest = [0.5, -5, 2 ** 40, true, null, 'text', new Uint8Array(300), ['x', ['y']], more]
    for (let at = 0; at <= rest.length; at++) {
      const inner = decodeHead(encode([[1, [2, ...rest.slice(at)], ...rest], 'behind']))
      const list = inner.list()
      expect([list.integer(), list.list().integer(), inner.text(10)]).to.deep.equal([
        1,
        2,
        'behind'
      ])
    }
  })

  it('a list of lists: what is left of one does not get into the next', () => {
    const fields = decodeHead(encodeHead([[[1, 'a', ['b']], [2], [3, 'c']], true]).slice())
    expect(fields.lists(3, (entry) => entry.integer())).to.deep.equal([1, 2, 3])
    expect(fields.boolean()).to.equal(true)
    expect(fields.hasMore).to.equal(false)
  })

  describe('that are refused', () => {
    const readers: [string, (fields: Fields) => unknown][] = [
      ['a number', (fields) => fields.integer()],
      ['yes or no', (fields) => fields.boolean()],
      ['text', (fields) => fields.text(10)],
      ['bytes', (fields) => fields.bytes(10)],
      ['a list', (fields) => fields.list()],
      ['a list of lists', (fields) => fields.lists(10, (entry) => entry.integer())],
      ['a list of texts', (fields) => fields.texts(10, 10)]
    ]
    const values: [string, Field][] = [
      ['a number', 5],
      ['yes or no', true],
      ['text', 'abc'],
      ['bytes', new Uint8Array(3)],
      ['a list of lists', [[1]]],
      ['a list of texts', ['a']],
      ['nil', null],
      ['half a number', 0.5]
    ]
    for (const [wanted, reader] of readers) {
      for (const [given, value] of values) {
        if (wanted === given || (wanted === 'a list' && given.startsWith(wanted))) continue
        it(`${given} instead of ${wanted}`, () => {
          expect(codeOf(() => reader(decodeHead(encodeHead([value]).slice())))).to.equal(
            'BAD_MESSAGE'
          )
        })
      }
    }

    it('anything but a list, and none at all', () => {
      for (const bytes of [[], [5], [0xc0], [0xa1, 65], [0xc1], [0x80], [0xdc, 0]]) {
        expect(codeOf(() => decodeHead(new Uint8Array(bytes)))).to.equal('BAD_MESSAGE')
      }
    })

    it('lists that claim more than there is, before anything is made for them', () => {
      for (const bytes of [
        [0xdd, 0xff, 0xff, 0xff, 0xff],
        [0x92, 0xdd, 0xff, 0xff, 0xff, 0xff, 1],
        [0x92, 1, 0xdf, 0xff, 0xff, 0xff, 0xff]
      ]) {
        const whole = (): void => {
          const outer = decodeHead(new Uint8Array([0x92, ...bytes, 5]))
          outer.list()
          outer.integer()
        }
        expect(codeOf(whole)).to.equal('BAD_MESSAGE')
      }
    })

    it('nests of any depth are left out without a word', () => {
      const deep = new Uint8Array(1_000_000).fill(0x91)
      deep[0] = 0x92
      deep[1] = 1
      deep[deep.length - 1] = 0xc0
      const outer = decodeHead(Buffer.concat([new Uint8Array([0x92]), deep, new Uint8Array([7])]))
      expect(outer.list().integer()).to.equal(1)
      expect(outer.integer()).to.equal(7)
    })

    it('what is cut off anywhere', () => {
      const fields: Field[] = [1, 300, 70_000, 2 ** 40, 'text', new Uint8Array(5), true, [1, 'a']]
      const bytes = encodeHead(fields).slice()
      for (let length = 0; length < bytes.length; length++) {
        const all = (): void => {
          const reader = decodeHead(bytes.subarray(0, length))
          for (const field of fields) read(reader, field)
        }
        expect(codeOf(all), `${length} bytes`).to.equal('BAD_MESSAGE')
      }
    })

    it('any bytes: read, or refused, and nothing else', () => {
      const rng = new Rng(7)
      for (let round = 0; round < 20_000; round++) {
        const bytes = Uint8Array.from({ length: 1 + below(rng, 30) }, () => below(rng, 256))
        bytes[0] = 0x90 + below(rng, 16)
        const code = codeOf(() => {
          const reader = decodeHead(bytes)
          while (reader.hasMore) readers[below(rng, readers.length)]![1](reader)
        })
        expect(code).to.be.oneOf([undefined, 'BAD_MESSAGE'])
      }
    })
  })
})
