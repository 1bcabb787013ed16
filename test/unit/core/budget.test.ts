import { expect } from 'chai'
import { Budget, memoryForBlobs, spareOfDisk } from '../../../src/core/budget.ts'

describe('Budget', () => {
  it('gives away no more than there is, and what comes back again', () => {
    const budget = new Budget(10)
    expect(budget.take(6)).to.equal(true)
    expect(budget.take(5)).to.equal(false)
    expect(budget.taken).to.equal(6)
    expect(budget.take(4)).to.equal(true)
    budget.give(6)
    expect(budget.taken).to.equal(4)
    expect(budget.take(6)).to.equal(true)
    expect(budget.take(1)).to.equal(false)
  })
})

describe('what blobs may take of the memory of a machine', () => {
  const GIB = 2 ** 30

  it('is a part of it, and neither little of a small one nor much of a large one', () => {
    const wanted = [1, 4, 16, 32, 1_024].map((size) => memoryForBlobs(size * GIB) / 2 ** 20)
    expect(wanted).to.deep.equal([64, 64, 256, 512, 512])
  })
})

describe('what is to stay free of a disk', () => {
  it('is a part of it, and not much of a large one', () => {
    const wanted = [100, 1_000, 100_000].map((mib) => spareOfDisk(mib * 2 ** 20) / 2 ** 20)
    expect(wanted).to.deep.equal([5, 50, 64])
  })
})
