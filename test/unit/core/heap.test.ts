import { expect } from 'chai'
import fc from 'fast-check'
import { Heap } from '../../../src/core/heap.ts'

function aHeap(items: number[]): Heap<number> {
  const heap = new Heap<number>((a, b) => a < b)
  for (const item of items) heap.push(item)
  return heap
}

function drain(heap: Heap<number>): number[] {
  const items: number[] = []
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) items.push(item)
  return items
}

describe('Heap', () => {
  it('gives its items back in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (items) => {
        expect(drain(aHeap(items))).to.deep.equal(items.toSorted((a, b) => a - b))
      })
    )
  })

  it('shows the smallest item and leaves it in place', () => {
    const heap = aHeap([3, 1, 2])
    expect(heap.peek()).to.equal(1)
    expect(heap.size).to.equal(3)
  })

  it('is empty to begin with', () => {
    expect(aHeap([]).peek()).to.equal(undefined)
    expect(aHeap([]).pop()).to.equal(undefined)
  })

  it('keeps what passes a filter, in order', () => {
    const heap = aHeap([5, 4, 3, 2, 1])
    heap.filter((item) => item % 2 === 1)
    expect(drain(heap)).to.deep.equal([1, 3, 5])
  })
})
