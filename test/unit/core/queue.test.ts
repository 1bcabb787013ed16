import { expect } from 'chai'
import fc from 'fast-check'
import { Queue } from '../../../src/core/queue.ts'

describe('Queue', () => {
  it('behaves like an array with shift and pop', () => {
    const step = fc.oneof(fc.integer(), fc.constant('shift' as const), fc.constant('pop' as const))
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new Queue<number>()
        const array: number[] = []
        for (const does of steps) {
          if (does === 'shift') expect(queue.shift()).to.equal(array.shift())
          else if (does === 'pop') expect(queue.pop()).to.equal(array.pop())
          else {
            queue.push(does)
            array.push(does)
          }
          expect(queue.size).to.equal(array.length)
          expect(queue.peek()).to.equal(array[0])
        }
        expect([...queue]).to.deep.equal(array)
      })
    )
  })

  it('gives back the space of what has left', () => {
    const queue = new Queue<number>()
    for (let item = 0; item < 5_000; item++) queue.push(item)
    for (let item = 0; item < 4_000; item++) expect(queue.shift()).to.equal(item)
    expect([...queue]).to.have.lengthOf(1_000)
    expect(queue.peek()).to.equal(4_000)
  })

  it('keeps what passes a filter', () => {
    const queue = new Queue<number>()
    for (const item of [1, 2, 3, 4]) queue.push(item)
    queue.shift()
    queue.filter((item) => item !== 3)
    expect([...queue]).to.deep.equal([2, 4])
  })
})
