import { expect } from 'chai'
import { StartDeadlines } from '../../../src/core/start-deadlines.ts'

describe('StartDeadlines', () => {
  it('gives out each task once, when its time is over', () => {
    const deadlines = new StartDeadlines(100)
    expect(deadlines.next).to.equal(undefined)
    deadlines.add(2, 0)
    deadlines.add(3, 0)
    deadlines.add(5, 40)
    expect(deadlines.next).to.equal(100)
    expect([...deadlines.take(99)]).to.deep.equal([])
    expect([...deadlines.take(100)]).to.deep.equal([1, 2, 3])
    expect(deadlines.next).to.equal(140)
    expect([...deadlines.take(1_000)]).to.deep.equal([4, 5])
    expect(deadlines.next).to.equal(undefined)
    deadlines.add(6, 1_000)
    expect([...deadlines.take(1_100)]).to.deep.equal([6])
  })
})
