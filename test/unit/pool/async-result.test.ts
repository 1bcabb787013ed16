import { expect } from 'chai'
import { AsyncResult } from '../../../src/pool/async-result.ts'

/** A promise that a test settles. */
function pending<T>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>()
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error
  )
}

describe('pool: AsyncResult', () => {
  it('gives the result, again and again, and can be awaited', async () => {
    const result = new AsyncResult(Promise.resolve(7))
    expect(await result.get()).to.equal(7)
    expect(await result.get(1_000)).to.equal(7)
    expect(await result).to.equal(7)
    expect(result.ready()).to.equal(true)
    expect(result.successful()).to.equal(true)
  })

  it('gives the error of the call itself', async () => {
    const error = new TypeError('no')
    const result = new AsyncResult(Promise.reject(error))
    expect(await failureOf(result.get())).to.equal(error)
    expect(result.successful()).to.equal(false)
  })

  it('is waited for as long as it takes, or for a time that is one', async () => {
    const { promise, resolve } = pending<number>()
    const result = new AsyncResult(promise)
    const waiting = [result.get(Infinity), result.wait(Infinity).then(() => 7), result.get(60_000)]
    for (const timeoutMs of [NaN, -1, 2 ** 31, '5' as never, null as never]) {
      expect(await failureOf(result.get(timeoutMs))).to.include({ code: 'USAGE' })
      expect(await failureOf(result.wait(timeoutMs))).to.include({ code: 'USAGE' })
    }
    expect(await failureOf(result.get(0))).to.include({ code: 'TIMEOUT' })
    resolve(7)
    expect(await Promise.all(waiting)).to.deep.equal([7, 7, 7])
  })

  it('is not ready while the call runs', () => {
    const result = new AsyncResult(pending().promise)
    expect(result.ready()).to.equal(false)
    expect(() => result.successful())
      .to.throw()
      .with.property('code', 'NOT_READY')
  })

  it('stops waiting after the timeout, and the call goes on', async () => {
    const { promise, resolve } = pending<number>()
    const result = new AsyncResult(promise)
    expect(await failureOf(result.get(1))).to.include({ code: 'TIMEOUT' })
    await result.wait(1)
    expect(result.ready()).to.equal(false)
    resolve(3)
    await result.wait()
    expect(await result.get(0)).to.equal(3)
  })

  it('waits without throwing for a call that fails', async () => {
    const result = new AsyncResult(Promise.reject(new Error('no')))
    await result.wait()
    expect(result.ready()).to.equal(true)
  })

  it('calls the one callback that fits', async () => {
    const called: unknown[] = []
    const callbacks = {
      callback: (value: number) => called.push(value),
      errorCallback: (error: Error) => called.push(error.message)
    }
    await new AsyncResult(Promise.resolve(1), callbacks).wait()
    await new AsyncResult<number>(Promise.reject(new Error('no')), callbacks).wait()
    expect(called).to.deep.equal([1, 'no'])
  })
})
