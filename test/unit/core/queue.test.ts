import { expect } from 'chai'
import fc from 'fast-check'
import { Queue } from '../../../src/core/queue.ts'

function allOf<Item>(queue: Queue<Item>): Item[] {
  const items: Item[] = []
  while (queue.size > 0) items.push(queue.shift() as Item)
  return items
}

describe('Queue', () => {
  it('behaves like an array with shift and pop', () => {
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.integer() },
      { weight: 8, arbitrary: fc.constantFrom('shift' as const, 'pop' as const) },
      { weight: 1, arbitrary: fc.constant('clear' as const) }
    )
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new Queue<number>()
        const array: number[] = []
        for (const does of steps) {
          if (does === 'shift') expect(queue.shift()).to.equal(array.shift())
          else if (does === 'pop') expect(queue.pop()).to.equal(array.pop())
          else if (does === 'clear') {
            queue.clear()
            array.length = 0
          } else {
            queue.push(does)
            array.push(does)
          }
          expect(queue.size).to.equal(array.length)
          expect(queue.peek()).to.equal(array[0])
          expect([queue.at(2), queue.at(array.length)]).to.deep.equal([array[2], undefined])
        }
        expect(allOf(queue)).to.deep.equal(array)
      })
    )
  })

  it('gives back the space of what has left', () => {
    const queue = new Queue<number>()
    for (let item = 0; item < 5_000; item++) queue.push(item)
    for (let item = 0; item < 4_000; item++) expect(queue.shift()).to.equal(item)
    expect(queue.peek()).to.equal(4_000)
    expect(allOf(queue)).to.have.lengthOf(1_000)
  })
})
