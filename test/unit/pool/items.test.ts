import { expect } from 'chai'
import {
  checkArgumentLists,
  checkArguments,
  checkItems,
  iteratorOf,
  listOf,
  oneArgumentEach
} from '../../../src/pool/items.ts'
import type { Items } from '../../../src/pool/items.ts'

async function* later(...items: number[]): AsyncGenerator<number> {
  for (const item of items) yield await Promise.resolve(item)
}

describe('pool: items', () => {
  it('are those of any iterable, asynchronous ones and text too', async () => {
    const sources: Items<unknown>[] = [[1, 2], new Set([1, 2]), later(1, 2), '12']
    for (const source of sources) checkItems(source)
    const lists = await Promise.all(sources.map(listOf))
    expect(lists).to.deep.equal([
      [1, 2],
      [1, 2],
      [1, 2],
      ['1', '2']
    ])
    for (const source of [[3], later(3), new Set([3])] as Items<number>[]) {
      expect((await iteratorOf(source).next()).value).to.equal(3)
    }
  })

  it('of anything else there are none', () => {
    const others = [5, undefined, null, {}, () => 1, { [Symbol.iterator]: 1 }]
    for (const other of others) {
      expect(() => checkItems(other))
        .to.throw(/^the items must be an iterable or an async iterable, not /)
        .with.property('code', 'USAGE')
    }
  })

  it('of starmap are lists, and the first that is none is named', () => {
    checkArgumentLists([[1], []])
    for (const item of [1, undefined, null, 'ab', new Set([1])]) {
      expect(() => checkArgumentLists([[1], item]))
        .to.throw(/^item 1 of starmap must be the array of a call's arguments, not /)
        .with.property('code', 'USAGE')
    }
    expect(() => checkArgumentLists(new Array(2))).to.throw(/^item 0 of starmap/)
  })

  it('of map are one argument each, holes too', () => {
    expect(oneArgumentEach([1, [2]])).to.deep.equal([[1], [[2]]])
    expect(oneArgumentEach(new Array(2))).to.deep.equal([[undefined], [undefined]])
  })

  it('the arguments of a call are a list, or left out', () => {
    for (const args of [undefined, [], [1]]) checkArguments(args)
    for (const args of [5, null, 'ab', { length: 1 }]) {
      expect(() => checkArguments(args)).to.throw(/^the arguments of a call must be an array, not /)
    }
  })
})
