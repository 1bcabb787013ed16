import { expect } from 'chai'
import { VALUE_BYTES_MAX } from '../../../src/core/limits.ts'
import {
  decodeCalls,
  decodeOutcomes,
  encodeCalls,
  encodeOutcomes
} from '../../../src/values/calls.ts'
import type { CallOutcome } from '../../../src/values/calls.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { refusalOf } from './support.ts'

class User {
  readonly id = 1
}
const nothing = (): void => undefined
const IS_FUNCTION = 'is a function, and functions cannot be sent; pass data, or a task(...)'
const IS_USER = 'is an instance of User; only plain data can be sent: pass its fields'

function thereAndBack(outcomes: readonly CallOutcome[]): CallOutcome[] {
  return decodeOutcomes(encodeOutcomes(outcomes))
}

/** The error of an outcome that must be one. */
function errorOf(outcome: CallOutcome | undefined): Error & { readonly code?: unknown } {
  if (outcome === undefined || outcome.ok) throw new Error('not an error')
  return outcome.error as Error
}

describe('calls, there and back', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  for (const calls of [[], [[]], [[1]], [[1, 'a', [2]], [], [{ a: undefined }]], [[0.5, 0.5]]]) {
    it(JSON.stringify(calls), () => {
      expect(decodeCalls(encodeCalls(calls))).to.deep.equal(calls)
    })
  }

  it('what calls share is sent once and shared where it arrives', () => {
    const table = { rows: new Uint8Array(1_000) }
    const arguments_ = [table, 3]
    const bytes = encodeCalls([[table, 1], [table, 2], arguments_, arguments_])
    expect(bytes.length).to.be.below(1_100)
    const [first, second, third, fourth] = decodeCalls(bytes)
    expect(first?.[0]).to.deep.equal(table)
    expect(second?.[0]).to.equal(first?.[0])
    expect(fourth).to.equal(third)
  })

  it('names the argument that cannot be sent, and the item if there are several', () => {
    expect(refusalOf(() => encodeCalls([[1, { f: nothing }]]))).to.equal(
      `argument[1].f ${IS_FUNCTION}`
    )
    expect(refusalOf(() => encodeCalls([[1], [2, [nothing]]]))).to.equal(
      `item[1] argument[1][0] ${IS_FUNCTION}`
    )
  })

  for (const value of [1, null, [1], [[1], {}], new Array(1), { length: 0 }]) {
    it(`refuses ${JSON.stringify(value)} as calls`, () => {
      expect(refusalOf(() => decodeCalls(encodeValue(value, 'value')))).to.equal(
        'a value was read that is not a list of calls'
      )
    })
  }
})

describe('outcomes, there and back', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  it('results and errors of any kind, in order', () => {
    const outcomes: CallOutcome[] = [
      { ok: true, value: 1 },
      { ok: true, value: undefined },
      { ok: false, error: { status: 1 } },
      { ok: false, error: undefined },
      { ok: true, value: [new Map([[1, 2]])] }
    ]
    expect(thereAndBack(outcomes)).to.deep.equal(outcomes)
    expect(thereAndBack([])).to.deep.equal([])
  })

  it('an error keeps its name, message, stack and cause', () => {
    const error = new RangeError('high', { cause: new Error('low') })
    const copy = errorOf(thereAndBack([{ ok: false, error }])[0])
    expect(copy).to.be.instanceOf(RangeError)
    expect(copy.stack).to.equal(error.stack)
    expect(copy.cause).to.have.property('message', 'low')
  })

  it('a result that cannot be sent becomes the reason, and the others are not lost', () => {
    const shared = { a: 1 }
    const copies = thereAndBack([
      { ok: true, value: shared },
      { ok: true, value: { list: [shared, new Uint8Array(8), new Map([[1, new User()]])] } },
      { ok: true, value: [shared, new Uint8Array([1]), { a: 2, b: 3 }] }
    ])
    expect(copies[0]).to.deep.equal({ ok: true, value: { a: 1 } })
    expect(errorOf(copies[1])).to.include({
      name: 'P2pJobsError',
      code: 'BAD_VALUE',
      message: `item[1] result.list[2].get(1) ${IS_USER}`
    })
    expect(copies[2]).to.deep.equal({
      ok: true,
      value: [{ a: 1 }, new Uint8Array([1]), { a: 2, b: 3 }]
    })
  })

  it('whoever encodes is told of each that cannot be sent', () => {
    const told: string[] = []
    const outcomes: CallOutcome[] = [nothing, 1, new User()].map((value) => ({ ok: true, value }))
    encodeOutcomes(outcomes, ({ message }) => told.push(message))
    expect(told).to.deep.equal([`item[0] result ${IS_FUNCTION}`, `item[2] result ${IS_USER}`])
  })

  it('a single result is not called an item', () => {
    const [outcome] = thereAndBack([{ ok: true, value: nothing }])
    expect(errorOf(outcome).message).to.equal(`result ${IS_FUNCTION}`)
  })

  it('an error that cannot be sent becomes the reason, with its text as the cause', () => {
    const error = Object.assign(new TypeError('no answer'), { request: new User() })
    const copy = errorOf(thereAndBack([{ ok: false, error }])[0])
    expect(copy).to.include({ code: 'BAD_VALUE', message: `error.request ${IS_USER}` })
    expect(copy.cause).to.include({ name: 'TypeError', message: 'no answer', stack: error.stack })
  })

  it('whatever else is thrown becomes the reason', () => {
    const copies = thereAndBack([
      { ok: false, error: nothing },
      { ok: false, error: new User() }
    ])
    expect(errorOf(copies[0]).message).to.equal(`item[0] error ${IS_FUNCTION}`)
    expect(errorOf(copies[1]).message).to.equal(`item[1] error ${IS_USER}`)
  })

  it('an error that lets nothing be read is told of', () => {
    const error = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('unreadable')
      }
    })
    const copy = errorOf(thereAndBack([{ ok: false, error }])[0])
    expect(copy.message).to.equal('error.message cannot be read: unreadable')
    expect(copy.cause).to.include({ message: 'an error that cannot be read' })
  })

  it('of an error that is too large the beginning is told', () => {
    const error = new Error('x'.repeat(VALUE_BYTES_MAX))
    const copy = errorOf(thereAndBack([{ ok: false, error }])[0])
    expect(copy.message).to.match(
      /^error\.message does not fit: with it the value takes 256.0 MiB, /
    )
    expect((copy.cause as Error).message).to.equal(`${'x'.repeat(4_096)}…`)
  })

  it('results that do not fit beside others say so, and those that fit are there', () => {
    const half = VALUE_BYTES_MAX / 2
    const copies = thereAndBack([
      { ok: true, value: new Uint8Array(half) },
      { ok: true, value: new Uint8Array(half) },
      { ok: true, value: new Uint8Array(VALUE_BYTES_MAX) },
      { ok: true, value: new Uint8Array(half) },
      { ok: true, value: 'small' }
    ])
    expect(copies[0]).to.have.property('ok', true)
    expect(errorOf(copies[1]).message).to.equal(
      'item[1] result does not fit beside those before it, 256 MiB is the most; use a smaller chunksize'
    )
    expect(errorOf(copies[2]).message).to.match(/^item\[2\] result does not fit: with it the value/)
    expect(errorOf(copies[3])).to.equal(errorOf(copies[1]))
    expect(copies[4]).to.deep.equal({ ok: true, value: 'small' })
  })

  for (const value of [1, [1], [1, 2], [true], [true, 1, false], { length: 0 }]) {
    it(`refuses ${JSON.stringify(value)} as outcomes`, () => {
      expect(refusalOf(() => decodeOutcomes(encodeValue(value, 'value')))).to.equal(
        'a value was read that is not a list of outcomes'
      )
    })
  }
})
