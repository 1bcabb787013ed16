import { expect } from 'chai'
import type { TaskEnd } from '../../../src/pool/outcomes.ts'
import { LazyResults } from '../../../src/pool/lazy-results.ts'
import type { LazyInit } from '../../../src/pool/lazy-results.ts'

interface Started {
  readonly items: readonly number[]
  readonly end: (end?: TaskEnd) => void
}

/** Chunks are ended by the test; a result is ten times its input. */
class Fixture {
  readonly started: Started[] = []
  pulled = 0
  isSourceClosed = false
  closed = 0
  canceled: string[] = []
  finished = 0
  bytes = 1

  results(init: Partial<LazyInit<number>> = {}): LazyResults<number, number> {
    return new LazyResults<number, number>({
      source: this.count(10),
      chunkSize: 1,
      isOrdered: true,
      chunksMax: 4,
      open: () =>
        Promise.resolve({
          start: (items, onEnd) => this.#start(items, onEnd),
          close: () => this.closed++,
          cancel: (reason) => void this.canceled.push(reason)
        }),
      onFinished: () => this.finished++,
      ...init
    })
  }

  *count(to: number): Generator<number> {
    try {
      for (let item = 1; item <= to; item++) {
        this.pulled++
        yield item
      }
    } finally {
      this.isSourceClosed = true
    }
  }

  #start(items: readonly number[], onEnd: (end: TaskEnd) => void): number {
    const outcomes = items.map((item) => ({ ok: true as const, value: item * 10 }))
    let hasEnded = false
    const endOnce = (end: TaskEnd = { outcomes, bytes: this.bytes }): void => {
      if (!hasEnded) onEnd(end)
      hasEnded = true
    }
    this.started.push({ items, end: endOnce })
    return this.bytes
  }

  /** Ends every chunk as soon as it starts. */
  async endAll(results: LazyResults<number, number>): Promise<(number | string)[]> {
    const all: (number | string)[] = []
    for (;;) {
      await turn()
      for (const { end } of this.started.splice(0)) end()
      try {
        const { done, value } = await results.next()
        if (done === true) return all
        all.push(value)
      } catch (error) {
        all.push((error as Error).message)
      }
    }
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('pool: lazy results', () => {
  it('come in the order of the inputs', async () => {
    const on = new Fixture()
    const results = on.results({ source: [1, 2, 3] })
    await turn()
    for (const { end } of on.started.toReversed()) end()
    const values = [await results.next(), await results.next(), await results.next()]
    expect(values.map(({ value }) => value)).to.deep.equal([10, 20, 30])
    expect(await results.next()).to.deep.equal({ done: true, value: undefined })
    expect(on.finished).to.equal(1)
    expect(on.closed).to.equal(1)
  })

  it('come as they are there if order does not matter', async () => {
    const on = new Fixture()
    const results = on.results({ source: [1, 2, 3], isOrdered: false })
    await turn()
    for (const { end } of on.started.toReversed()) end()
    const values = [await results.next(), await results.next(), await results.next()]
    expect(values.map(({ value }) => value)).to.deep.equal([30, 20, 10])
  })

  it('pull inputs only a bounded number ahead of what was taken', async () => {
    const on = new Fixture()
    const results = on.results()
    await turn()
    expect(on.pulled).to.equal(4)
    on.started[0]!.end()
    await turn()
    expect(on.pulled).to.equal(4)
    await results.next()
    await turn()
    expect(on.pulled).to.equal(5)
  })

  it('pull fewer ahead when inputs are large', async () => {
    const on = new Fixture()
    on.bytes = 40 * 1024 * 1024
    on.results()
    await turn()
    expect(on.pulled).to.equal(2)
  })

  it('pull fewer ahead when results are large', async () => {
    const on = new Fixture()
    const results = on.results({ chunksMax: 2 })
    await turn()
    const outcomes = [{ ok: true as const, value: 1 }]
    on.started[0]!.end({ outcomes, bytes: 100 * 1024 * 1024 })
    await results.next()
    await turn()
    expect(on.pulled).to.equal(2)
  })

  it('take sources that are asynchronous, in chunks', async () => {
    const on = new Fixture()
    async function* source(): AsyncGenerator<number> {
      for (const item of [1, 2, 3, 4, 5]) {
        await turn()
        yield item
      }
    }
    const results = on.results({ source: source(), chunkSize: 2 })
    const sizes: number[] = []
    const all: number[] = []
    const consumed = (async () => {
      for await (const value of results) all.push(value)
    })()
    for (let wait = 0; wait < 40; wait++) {
      await turn()
      for (const { items, end } of on.started.splice(0)) {
        sizes.push(items.length)
        end()
      }
    }
    await consumed
    expect(all).to.deep.equal([10, 20, 30, 40, 50])
    expect(sizes).to.deep.equal([2, 2, 1])
  })

  it('go on after a call that failed', async () => {
    const on = new Fixture()
    const results = on.results({ source: [1, 2, 3] })
    await turn()
    const error = new Error('no')
    on.started[1]!.end({ outcomes: [{ ok: false, error }], bytes: 1 })
    on.started[0]!.end()
    on.started[2]!.end()
    expect(await on.endAll(results)).to.deep.equal([10, 'no', 30])
  })

  it('give the error of a chunk that failed to each of its items', async () => {
    const on = new Fixture()
    const results = on.results({ source: [1, 2, 3], chunkSize: 2 })
    await turn()
    on.started[0]!.end({ error: new Error('crashed'), exitCode: 1, signal: undefined })
    on.started[1]!.end()
    expect(await on.endAll(results)).to.deep.equal(['crashed', 'crashed', 30])
  })

  it('give what the source threw after the results of what it gave', async () => {
    const on = new Fixture()
    function* broken(): Generator<number> {
      yield 1
      yield 2
      throw new Error('source')
    }
    const results = on.results({ source: broken() })
    expect(await on.endAll(results)).to.deep.equal([10, 20, 'source'])
    expect(await results.next()).to.deep.equal({ done: true, value: undefined })
    expect(on.finished).to.equal(1)
  })

  it('give the error of a function that cannot be sent', async () => {
    const on = new Fixture()
    const results = on.results({ open: () => Promise.reject(new Error('not sendable')) })
    expect(await on.endAll(results)).to.deep.equal(['not sendable'])
    expect(on.pulled).to.equal(0)
  })

  it('end the source and what runs when they are given up', async () => {
    const on = new Fixture()
    const results = on.results()
    await turn()
    on.started[0]!.end()
    for await (const value of results) {
      expect(value).to.equal(10)
      break
    }
    await turn()
    expect(on.canceled).to.have.length(1)
    expect(on.isSourceClosed).to.equal(true)
    expect(on.finished).to.equal(1)
    on.started[1]!.end()
    expect(await results.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('end with an error when they are aborted', async () => {
    const on = new Fixture()
    const results = on.results()
    const waiting = results.next().catch((error: unknown) => (error as Error).message)
    await turn()
    results.abort(new Error('enough'))
    results.abort(new Error('again'))
    expect(await waiting).to.equal('enough')
    expect(await results.next()).to.deep.equal({ done: true, value: undefined })
    expect(on.canceled).to.deep.equal(['enough'])
  })

  it('answer several calls of next at once, in their order', async () => {
    const on = new Fixture()
    const results = on.results({ source: [1, 2] })
    const asked = [results.next(), results.next(), results.next()]
    await turn()
    for (const { end } of on.started) end()
    const answers = await Promise.all(asked)
    expect(answers.map(({ value }) => value)).to.deep.equal([10, 20, undefined])
  })
})
