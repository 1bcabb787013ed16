import { expect } from 'chai'
import { Rng } from '../../../src/core/rng.ts'

describe('Rng', () => {
  it('gives the same numbers for the same seed', () => {
    const [a, b] = [new Rng(42), new Rng(42)]
    for (let time = 0; time < 10; time++) expect(a.next()).to.equal(b.next())
  })

  it('gives other numbers for another seed', () => {
    expect(new Rng(1).next()).to.not.equal(new Rng(2).next())
  })

  it('gives the numbers of mulberry32', () => {
    // The first value for seed 0, as other implementations of the algorithm give it.
    expect(new Rng(0).next()).to.be.closeTo(0.26642920868471265, 1e-15)
  })

  it('gives whole numbers from the least to the most, both included', () => {
    const rng = new Rng(7)
    const seen = new Set<number>()
    for (let time = 0; time < 200; time++) seen.add(rng.integer(3, 6))
    expect([...seen].toSorted()).to.deep.equal([3, 4, 5, 6])
  })
})
