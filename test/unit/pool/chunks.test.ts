import { expect } from 'chai'
import { chunksOf, defaultChunkSize } from '../../../src/pool/chunks.ts'

describe('pool: chunks', () => {
  const sizes: readonly (readonly [items: number, workers: number, size: number])[] = [
    [0, 4, 1],
    [1, 4, 1],
    [16, 4, 1],
    [17, 4, 2],
    [1_000, 2, 125],
    [1_001, 2, 126],
    [10, 0, 3]
  ]
  for (const [items, workers, size] of sizes) {
    it(`${items} items on ${workers} workers are dealt out by ${size}`, () => {
      expect(defaultChunkSize(items, workers)).to.equal(size)
    })
  }

  it('cuts a list without losing or doubling anything', () => {
    const list = Array.from({ length: 10 }, (_, at) => at)
    for (const size of [1, 3, 10, 11]) expect([...chunksOf(list, size)].flat()).to.deep.equal(list)
    expect([...chunksOf(list, 4)].map((chunk) => chunk.length)).to.deep.equal([4, 4, 2])
    expect([...chunksOf([], 4)]).to.deep.equal([])
  })
})
