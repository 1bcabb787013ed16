/**
 * What goes in comes out: every type, then graphs of anything, against what structured clone
 * makes of them; then what goes beyond structured clone.
 */
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import { P2pJobsError } from '../../../src/core/errors.ts'
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { carriedCases } from './cases.ts'
import { aGraph, aPrimitive } from './graphs.ts'
import { differenceOf, thereAndBack } from './support.ts'

class OwnError extends TypeError {
  override readonly name = 'OwnError'
  readonly status = 404
}

/** An error as before there were classes. */
function OldError(this: { message: string }): void {
  this.message = 'old'
}
OldError.prototype = Object.create(Error.prototype) as Error

interface AnyError extends Error {
  readonly errors?: readonly unknown[]
}

function errorThereAndBack(error: unknown): AnyError {
  return thereAndBack(error) as AnyError
}

describe('values, there and back', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  for (const [name, value] of Object.entries(carriedCases())) {
    it(`${name}, as structured clone makes it`, () => {
      const expected: unknown = structuredClone(carriedCases()[name])
      expect(differenceOf(thereAndBack(value), expected)).to.equal(undefined)
    })
  }

  it('any primitive', () => {
    fc.assert(
      fc.property(aPrimitive, (value) => {
        expect(differenceOf(thereAndBack(value), value)).to.equal(undefined)
      }),
      { numRuns: 1_000 }
    )
  })

  it('any graph of objects', () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        expect(differenceOf(thereAndBack(graph), structuredClone(graph))).to.equal(undefined)
      }),
      { numRuns: 1_000 }
    )
  })

  it('a getter is read once', () => {
    let reads = 0
    const value = {
      get a() {
        return ++reads
      }
    }
    expect(thereAndBack(value)).to.deep.equal({ a: 1 })
    expect(reads).to.equal(1)
  })

  it('a getter may encode a value itself', () => {
    const value = {
      before: { a: [1] },
      get inner() {
        return [...encodeValue({ a: 1 }, 'inner')]
      },
      after: [{ a: 2 }]
    }
    const { inner, ...rest } = thereAndBack(value) as typeof value
    expect(rest).to.deep.equal({ before: { a: [1] }, after: [{ a: 2 }] })
    expect(decodeValue(Uint8Array.from(inner))).to.deep.equal({ a: 1 })
  })

  it('what comes out is encoded to the same bytes again', () => {
    for (const [name, value] of Object.entries(carriedCases())) {
      if (name === 'a property that a getter deletes') continue
      const bytes = encodeValue(value, 'argument')
      expect(encodeValue(decodeValue(bytes), 'argument')).to.deep.equal(bytes)
    }
  })

  it('objects of another realm are what they are here', () => {
    const made = '[new Map([[1, {a: [new Date(0), /x/g, new Uint8Array(2), 1n]}]]), new Set([1])]'
    const expected: unknown = runInNewContext(`const here = ${made}; here`, {
      ...{ Map, Set, Date, Uint8Array, RegExp }
    })
    const foreign: unknown = runInNewContext(made)
    expect(Object.getPrototypeOf(foreign)).to.not.equal(Array.prototype)
    expect(JSON.stringify(thereAndBack(foreign))).to.equal(JSON.stringify(expected))
    const [map] = thereAndBack(foreign) as [Map<number, { a: unknown[] }>]
    expect(map).to.be.instanceOf(Map)
    expect(map.get(1)?.a[2]).to.deep.equal(new Uint8Array(2))
  })
})

describe('errors, there and back', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  for (const Kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError]) {
    it(`${Kind.name} with name, message, stack and cause`, () => {
      const error = new Kind('why', { cause: { status: 404 } })
      const copy = errorThereAndBack(error)
      expect(differenceOf(copy, error)).to.equal(undefined)
      expect(copy.stack).to.equal(error.stack)
      expect(Object.keys(copy)).to.deep.equal([])
    })
  }

  it('errors of errors, and what failed while another was handled', () => {
    const error = new AggregateError([new Error('one'), 2], 'some', { cause: new URIError('x') })
    expect(differenceOf(thereAndBack(error), error)).to.equal(undefined)
    const { SuppressedError } = globalThis as unknown as {
      SuppressedError: new (error: unknown, suppressed: unknown, message: string) => Error
    }
    const suppressed = new SuppressedError(new Error('late'), new Error('early'), 'both')
    expect(differenceOf(thereAndBack(suppressed), suppressed)).to.equal(undefined)
  })

  it('own properties, listed or not, as they were', () => {
    const error = Object.assign(new Error('x'), { code: 'E', detail: [1], name: 'Named' })
    Object.defineProperty(error, 'hidden', { value: 1 })
    const copy = errorThereAndBack(error)
    expect(Object.entries(copy)).to.deep.equal([
      ['code', 'E'],
      ['detail', [1]],
      ['name', 'Named']
    ])
    expect('hidden' in copy).to.equal(false)
  })

  it("an error of one's own class is the built-in one that it extends", () => {
    const error = new OwnError('missing', { cause: new OwnError('first') })
    const copy = errorThereAndBack(error)
    expect(Object.getPrototypeOf(copy)).to.equal(TypeError.prototype)
    expect(copy).to.include({ name: 'OwnError', message: 'missing', status: 404 })
    expect(copy.stack).to.equal(error.stack)
    expect(copy.cause).to.include({ name: 'OwnError', message: 'first', status: 404 })
  })

  it('an operating error stays one, wherever it is in a value', () => {
    const cause = new P2pJobsError('FULL', 'no room', { cause: new RangeError('8 items') })
    const { stack } = cause
    const copy = errorThereAndBack(new Error('gave up', { cause })).cause
    expect(copy).to.be.instanceOf(P2pJobsError)
    expect(copy).to.include({ name: 'P2pJobsError', code: 'FULL', message: 'no room', stack })
    expect((copy as Error).cause).to.be.instanceOf(RangeError)
    const again = thereAndBack(copy)
    expect(again).to.be.instanceOf(P2pJobsError).and.include({ code: 'FULL', stack })
  })

  it('a DOMException is an Error of its name', () => {
    const error = new DOMException('stop', 'AbortError')
    const copy = errorThereAndBack(error)
    expect(Object.getPrototypeOf(copy)).to.equal(Error.prototype)
    expect(copy).to.include({ name: 'AbortError', message: 'stop', stack: error.stack })
  })

  it('an error without class, without stack or of another realm', () => {
    const old = errorThereAndBack(Reflect.construct(OldError, []))
    expect([old instanceof Error, old.message]).to.deep.equal([true, 'old'])
    const bare = Object.defineProperty(new Error('bare'), 'stack', { value: undefined })
    expect(errorThereAndBack(bare).stack).to.equal(undefined)
    const orphan = Object.setPrototypeOf(new TypeError('orphan'), null) as unknown
    expect(errorThereAndBack(orphan)).to.be.instanceOf(Error).with.property('message', 'orphan')
    const foreign = errorThereAndBack(runInNewContext("new RangeError('far', { cause: 1 })"))
    expect(Object.getPrototypeOf(foreign)).to.equal(RangeError.prototype)
    expect([foreign.message, foreign.cause]).to.deep.equal(['far', 1])
  })

  it('a property that is called like what every object has does not change the error', () => {
    const error = Object.defineProperty(new Error('x'), '__proto__', { value: 1, enumerable: true })
    const copy = errorThereAndBack(error)
    expect(Object.getPrototypeOf(copy)).to.equal(Error.prototype)
    expect(Object.getOwnPropertyDescriptor(copy, '__proto__')?.value).to.equal(1)
  })
})
