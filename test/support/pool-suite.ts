/**
 * What CPython's own tests ask of a Pool (`_TestPool` of `_test_multiprocessing.py`), in their
 * order and under their names, for a pool that is opened somewhere.
 */
import { expect } from 'chai'
import { P2pJobsError } from '../../src/index.ts'
import type { Pool, PoolOptions } from '../../src/index.ts'
import * as functions from './pool-functions.ts'

const { attemptOf, divide, echo, mul, print, raising, sqr, unsendable, untilAborted } = functions

export type OpenPool = (options?: PoolOptions) => Promise<Pool>

/** What a promise is rejected with. */
export async function failureOf(work: PromiseLike<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  return expect.fail('it succeeded')
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

function* broken(good: number): Generator<number> {
  yield* range(good)
  throw new SyntaxError('of the iterable')
}

/** Everything an iterator gives; errors as their messages. */
async function drain(results: AsyncIterator<unknown, undefined>): Promise<unknown[]> {
  const all: unknown[] = []
  for (;;) {
    try {
      const { done, value } = await results.next()
      if (done === true) return all
      all.push(value)
    } catch (error) {
      all.push((error as Error).message)
    }
  }
}

const squares = (count: number): number[] => range(count).map((x) => x * x)

/** Defines the tests; `pool` gives the one that is open. */
export function poolSuite(pool: () => Pool): void {
  it('apply', async () => {
    expect(await pool().apply(sqr, [5])).to.equal(25)
    expect(await pool().apply(mul, [6, 7])).to.equal(42)
  })

  it('map', async () => {
    expect(await pool().map(sqr, range(10))).to.deep.equal(squares(10))
    expect(await pool().map(sqr, range(100), 20)).to.deep.equal(squares(100))
  })

  it('starmap, starmapAsync', async () => {
    const pairs = range(10).map((x): [number, number] => [x, x + 1])
    const products = pairs.map(([x, y]) => x * y)
    expect(await pool().starmap(mul, pairs)).to.deep.equal(products)
    expect(await pool().starmap(mul, pairs, 3)).to.deep.equal(products)
    expect(await pool().starmapAsync(mul, pairs).get()).to.deep.equal(products)
  })

  it('mapAsync, with callbacks', async () => {
    const called: unknown[] = []
    const callback = (values: number[]): void => void called.push(values.length)
    const errorCallback = (error: Error): void => void called.push(error.name)
    await pool().mapAsync(sqr, range(10), { callback, errorCallback }).wait()
    await pool().mapAsync(divide, [1, 0], { callback, errorCallback }).wait()
    expect(called).to.deep.equal([10, 'DivisionError'])
  })

  it('map of what cannot be sent', async () => {
    const argument = await failureOf(pool().map(echo, [1, { inner: [() => 1] }]))
    expect(argument).to.include({ code: 'BAD_VALUE' })
    expect(argument.message).to.match(/argument\[0\].inner\[0\]/)
    const result = await failureOf(pool().map(unsendable, [1, 2, 3], 1))
    expect(result.message).to.match(/result.callback/)
    expect(result).to.be.an.instanceOf(P2pJobsError).and.include({ code: 'BAD_VALUE' })
    expect(result.stack).to.match(/at worker \S+/)
  })

  it('map with chunk sizes', async () => {
    for (const chunksize of [1, 2, 7, 1_000]) {
      expect(await pool().map(sqr, range(20), { chunksize })).to.deep.equal(squares(20))
    }
    const zero = await failureOf(pool().map(sqr, [1], 0))
    expect(zero).to.include({ code: 'USAGE' })
  })

  it('map of an iterable that fails', async () => {
    expect(await failureOf(pool().map(sqr, broken(3)))).to.be.an.instanceOf(SyntaxError)
    expect(await pool().map(sqr, [1])).to.deep.equal([1])
  })

  it('map of an iterable that is asynchronous', async () => {
    async function* source(): AsyncGenerator<number> {
      for (const item of range(5)) yield await Promise.resolve(item)
    }
    expect(await pool().map(sqr, source())).to.deep.equal(squares(5))
  })

  it('applyAsync', async () => {
    const result = pool().applyAsync(sqr, [7, 20])
    expect(result.ready()).to.equal(false)
    expect(await result.get()).to.equal(49)
    expect(result.successful()).to.equal(true)
  })

  it('applyAsync with a timeout', async () => {
    const abort = new AbortController()
    const result = pool().applyAsync(untilAborted, [], { signal: abort.signal })
    expect(await failureOf(result.get(1))).to.include({ code: 'TIMEOUT' })
    abort.abort()
    expect(await failureOf(result.get())).to.include({ name: 'AbortError' })
  })

  it('imap', async () => {
    expect(await drain(pool().imap(sqr, range(10)))).to.deep.equal(squares(10))
    expect(await drain(pool().imap(sqr, range(100), 7))).to.deep.equal(squares(100))
  })

  it('imap of an iterable that fails', async () => {
    for (const chunksize of [1, 2]) {
      const all = await drain(pool().imap(sqr, broken(4), chunksize))
      expect(all.at(-1)).to.equal('of the iterable')
      expect(all.slice(0, -1)).to.deep.equal(squares(4).slice(0, all.length - 1))
    }
  })

  it('imapUnordered', async () => {
    const all = await drain(pool().imapUnordered(sqr, range(50)))
    expect(all).to.have.members(squares(50))
  })

  it('imapUnordered of an iterable that fails', async () => {
    const all = await drain(pool().imapUnordered(sqr, broken(4)))
    expect(all).to.have.members([...squares(4), 'of the iterable'])
  })

  it('loses no other item to one that fails', async () => {
    const wanted = [100, 'cannot divide by 0', 50, 25]
    expect(await drain(pool().imap(divide, [1, 0, 2, 4]))).to.deep.equal(wanted)
    expect(await drain(pool().imap(divide, [1, 0, 2, 4], 4))).to.deep.equal(wanted)
  })

  it('map does not fail fast', async () => {
    const done: number[] = []
    const onDone = (count: number): void => void done.push(count)
    const error = await failureOf(pool().map(divide, [0, 1, 2, 4], { chunksize: 1, onDone }))
    expect(error.message).to.equal('cannot divide by 0')
    expect(done).to.deep.equal([1, 2, 3, 4])
  })

  it('empty iterables', async () => {
    expect(await pool().map(sqr, [])).to.deep.equal([])
    expect(await pool().starmap(mul, [])).to.deep.equal([])
    expect(await drain(pool().imap(sqr, []))).to.deep.equal([])
    expect(await drain(pool().imapUnordered(sqr, []))).to.deep.equal([])
  })

  it('errors keep what they were, and say where they come from', async () => {
    const error = await failureOf(pool().apply(divide, [0]))
    expect(error).to.include({ name: 'DivisionError', message: 'cannot divide by 0', divisor: 0 })
    expect(error.cause).to.be.an.instanceOf(TypeError)
    expect(error.stack).to.match(/pool-functions\.ts:\d+/)
    expect(error.stack).to.match(/at worker \S+/)
    expect(error).to.have.nested.property('remote.worker').that.is.a('string')
    const range = await failureOf(pool().apply(raising))
    expect(range).to.be.an.instanceOf(RangeError).and.not.be.an.instanceOf(P2pJobsError)
  })

  it('values come back as they are', async () => {
    const value = { map: new Map([[1, new Set(['a'])]]), date: new Date(0), big: 2n ** 70n }
    expect(await pool().apply(echo, [value])).to.deep.equal(value)
    const large = new Uint8Array(700_000).map((_, at) => at % 251)
    expect(await pool().apply(echo, [large])).to.deep.equal(large)
  })

  it('functions tell their progress', async () => {
    const told = Promise.withResolvers<unknown>()
    const abort = new AbortController()
    const { signal } = abort
    const result = pool().applyAsync(untilAborted, [], { signal, onProgress: told.resolve })
    expect(await told.promise).to.equal('waiting')
    abort.abort()
    await result.wait()
  })

  it('calls are tried again when asked for', async () => {
    expect(await pool().apply(attemptOf, [1], { retries: 1 })).to.equal(2)
    const error = await failureOf(pool().apply(attemptOf, [5], { retries: 1 }))
    expect(error.message).to.equal('attempt 2')
  })

  it('what cannot be meant is refused at once, and keeps no other call waiting', async () => {
    for (const timeoutMs of [NaN, 0, -1]) {
      expect(await failureOf(pool().apply(sqr, [1], { timeoutMs }))).to.include({ code: 'USAGE' })
      expect(await failureOf(pool().map(sqr, [1], { timeoutMs }))).to.include({ code: 'USAGE' })
    }
    for (const timeoutMs of [60_000.5, Infinity]) {
      expect(await pool().apply(sqr, [3], { timeoutMs })).to.equal(9)
    }
    for (const call of [
      pool().apply(sqr, 5 as never),
      pool().map(sqr, 5 as never),
      pool().starmap(mul, [[1, 2], 1 as never])
    ]) {
      expect(await failureOf(call)).to.include({ code: 'USAGE' })
    }
    for (const call of [
      () => pool().applyAsync(sqr, [1], { retries: -1 }),
      () => pool().applyAsync(sqr, [1], { callback: 5 as never }),
      () => pool().mapAsync(sqr, undefined as never),
      () => pool().starmapAsync(mul, [], { chunksize: 0.5 }),
      () => pool().imap(sqr, [1], { signal: new AbortController() as never }),
      () => pool().imapUnordered(sqr, 5 as never)
    ]) {
      expect(call).to.throw().with.property('code', 'USAGE')
    }
    expect(await pool().apply(sqr, [4])).to.equal(16)
  })

  it('a call that takes too long is ended', async () => {
    const error = await failureOf(pool().apply(functions.spin, [], { timeoutMs: 300 }))
    expect(error).to.include({ code: 'TIMEOUT' })
    expect(await pool().apply(sqr, [2])).to.equal(4)
  })

  it('a call whose process dies fails, and no other', async () => {
    const good = pool().map(sqr, range(50), 1)
    const error = await failureOf(pool().apply(functions.crash))
    expect(error).to.include({ code: 'CRASHED' })
    expect(await good).to.deep.equal(squares(50))
  })

  it('functions that need nothing from outside are sent as they are', async () => {
    expect(await pool().map((x: number) => x + 1, [1, 2])).to.deep.equal([2, 3])
    const outside = 3
    const error = await failureOf(pool().map((x: number) => x + outside, [1, 2]))
    expect(error).to.include({ code: 'BAD_FUNCTION' })
    expect(error.message).to.include('outside')
  })

  it('output of functions arrives', async () => {
    expect(await pool().apply(print, ['x'])).to.equal('x')
  })
}
