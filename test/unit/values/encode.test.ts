import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { VALUE_BYTES_MAX, VALUE_HOLES_MAX, VALUE_NESTING_MAX } from '../../../src/core/limits.ts'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { hexOf, refusalOf, thereAndBack } from './support.ts'

class User {
  readonly id = 1
}
class Table extends Map<string, number> {}
class Matrix extends Float64Array {}

const nothing = (): void => undefined
function* items(): Generator<number> {
  yield 1
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(4)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = { next: value }
  return value
}

/** Each is refused with this message. */
const REFUSED: readonly (readonly [value: unknown, message: string])[] = [
  [
    [1, 2, { callback: nothing }],
    'argument[2].callback is a function, and functions cannot be sent; pass data, or a task(...)'
  ],
  [User, 'argument is a function, and functions cannot be sent; pass data, or a task(...)'],
  [[Symbol('s')], 'argument[0] is a symbol, and symbols cannot be sent; pass a string'],
  [
    Object(Symbol('s')),
    'argument is an instance of Symbol; only plain data can be sent: pass its fields'
  ],
  [
    { user: new User() },
    'argument.user is an instance of User; only plain data can be sent: pass its fields'
  ],
  [
    new Table(),
    'argument is an instance of Table; only plain data can be sent: pass a plain Map made of it'
  ],
  [
    new Matrix(2),
    'argument is an instance of Matrix; only plain data can be sent: pass a plain typed array made of it'
  ],
  [
    Object.create({ a: 1 }),
    'argument inherits from another object; only plain data can be sent: pass its fields'
  ],
  [
    Object.create({ constructor: User }),
    'argument inherits from another object; only plain data can be sent: pass its fields'
  ],
  [
    Object.create({ [Symbol.toStringTag]: 'Tagged' }),
    'argument is an instance of Tagged; only plain data can be sent: pass its fields'
  ],
  [
    Object.create(Map.prototype),
    'argument is an instance of Map; only plain data can be sent: pass its fields'
  ],
  [
    new Map<unknown, unknown>([['a b', new WeakMap()]]),
    'argument.get("a b") is a WeakMap; pass a Map'
  ],
  [new Map([[1n, new WeakSet()]]), 'argument.get(1n) is a WeakSet; pass a Set'],
  [new Map([[{}, new WeakRef({})]]), 'argument.values()[0] is a WeakRef; pass what it refers to'],
  [
    new Map<unknown, unknown>([
      [1, 1],
      [{ f: nothing }, 1]
    ]),
    'argument.keys()[1].f is a function, and functions cannot be sent; pass data, or a task(...)'
  ],
  [
    new Set([1, Promise.resolve()]),
    'argument.values()[1] is a Promise; await it and pass what it gives'
  ],
  [{ 'a b': items() }, 'argument["a b"] is a Generator; pass its items as an array'],
  [[].values(), 'argument is an Array Iterator; pass its items as an array'],
  [new Proxy({}, {}), 'argument is a Proxy; pass a plain copy of what stands behind it'],
  [
    new SharedArrayBuffer(1),
    'argument is a SharedArrayBuffer; memory cannot be shared between machines: pass a copy in an ArrayBuffer'
  ],
  [
    new Uint8Array(new SharedArrayBuffer(1)),
    'argument shows a SharedArrayBuffer; memory cannot be shared between machines: pass a copy'
  ],
  [
    { bytes: detached() },
    'argument.bytes has no memory any more: it was transferred; pass it before, or a copy of it'
  ],
  [new URL('http://a.b'), 'argument is a URL; pass its href'],
  [new Blob([]), 'argument is a Blob; pass its bytes, as blob.bytes() gives them'],
  [new Headers(), 'argument is a Headers; pass its entries as an array'],
  [new MessageChannel().port1, 'argument is a MessagePort; ports do not reach other machines'],
  [new ReadableStream(), 'argument is a ReadableStream; read it and pass what it gives'],
  [
    Readable.from([]),
    'argument is an instance of Readable; only plain data can be sent: pass its fields'
  ],
  [
    runInNewContext('new (class Foreign {})()'),
    'argument is an instance of Foreign; only plain data can be sent: pass its fields'
  ],
  [
    new Error('x', { cause: { f: nothing } }),
    'argument.cause.f is a function, and functions cannot be sent; pass data, or a task(...)'
  ],
  [
    new AggregateError([1, nothing]),
    'argument.errors[1] is a function, and functions cannot be sent; pass data, or a task(...)'
  ],
  [
    Object.assign(new Error('x'), { request: new User() }),
    'argument.request is an instance of User; only plain data can be sent: pass its fields'
  ],
  [
    Object.assign([1], { extra: nothing }),
    'argument.extra is a function, and functions cannot be sent; pass data, or a task(...)'
  ],
  [
    { list: new Array(VALUE_HOLES_MAX + 1) },
    `argument.list has more than ${VALUE_HOLES_MAX} empty places; fill them, or pass a Map of what is there`
  ],
  [
    { bytes: new Uint8Array(VALUE_BYTES_MAX) },
    'argument.bytes does not fit: with it the value takes 256.0 MiB, and 256.0 MiB is the most; send it in parts, or send the path of a file'
  ],
  [
    [new Uint8Array(VALUE_BYTES_MAX / 2), [new Float64Array(VALUE_BYTES_MAX / 8)]],
    'argument[1][0] does not fit: with it the value takes 384.0 MiB, and 256.0 MiB is the most; send it in parts, or send the path of a file'
  ],
  [
    { text: 'x'.repeat(VALUE_BYTES_MAX) },
    'argument.text does not fit: with it the value takes 256.0 MiB, and 256.0 MiB is the most; send it in parts, or send the path of a file'
  ],
  [
    nested(VALUE_NESTING_MAX + 1),
    `argument${'.next'.repeat(16)}…${'.next'.repeat(16)} is nested more than ${VALUE_NESTING_MAX} levels deep; send it as a flat list`
  ],
  [
    { ['k'.repeat(100)]: { [`${'k'.repeat(100)} `]: nothing } },
    `argument.${'k'.repeat(64)}…["${'k'.repeat(64)}…"] is a function, and functions cannot be sent; pass data, or a task(...)`
  ]
]

describe('encodeValue', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  for (const [value, message] of REFUSED) {
    it(`refuses: ${message.slice(0, 90)}`, () => {
      expect(refusalOf(() => encodeValue(value, 'argument'))).to.equal(message)
    })
  }

  it('says which property could not be read, and why', () => {
    const cause = new Error('boom')
    const value = {
      list: [
        {
          get broken() {
            throw cause
          }
        }
      ]
    }
    let thrown: unknown
    try {
      encodeValue(value, 'result')
    } catch (error) {
      thrown = error
    }
    const error = operatingErrorOf(thrown)
    expect(error?.message).to.equal('result.list[0].broken cannot be read: boom')
    expect(error?.cause).to.equal(cause)
  })

  it('sends values nested as deep as is allowed', () => {
    expect(thereAndBack(nested(VALUE_NESTING_MAX))).to.deep.equal(nested(VALUE_NESTING_MAX))
  })

  it('sends as many empty places as are allowed', () => {
    const holes = thereAndBack([new Array(VALUE_HOLES_MAX - 1), new Array(1)]) as unknown[][]
    expect(holes.map(({ length }) => length)).to.deep.equal([VALUE_HOLES_MAX - 1, 1])
    const tooMany = [new Array(VALUE_HOLES_MAX), new Array(1)]
    expect(refusalOf(() => encodeValue(tooMany, 'argument'))).to.match(/^argument\[1\] has more/)
  })

  it('refuses an array of four billion empty places at once', () => {
    expect(refusalOf(() => encodeValue(new Array(2 ** 32 - 1), 'argument'))).to.match(
      /^argument has more than/
    )
  })

  it('remembers nothing of a value that was refused', () => {
    const shared = { a: 1 }
    const before = hexOf(encodeValue([shared, shared], 'argument'))
    for (let time = 0; time < 3; time++) {
      refusalOf(() => encodeValue([shared, [new Uint8Array(9), nothing]], 'argument'))
      expect(hexOf(encodeValue([shared, shared], 'argument'))).to.equal(before)
    }
  })

  it('never changes bytes that it has given', () => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`.repeat(40))
    const all = texts.map((text) => encodeValue(text, 'argument'))
    expect(all.map((bytes) => decodeValue(bytes))).to.deep.equal(texts)
  })

  it('forgets a large value before the next', () => {
    const large = 'x'.repeat(5 * 1024 * 1024)
    expect(encodeValue(large, 'argument')).to.have.length(large.length + 6)
    expect(hexOf(encodeValue(1, 'argument'))).to.equal('0101')
  })
})
