import { expect } from 'chai'
import { Budget } from '../../../src/core/budget.ts'

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
