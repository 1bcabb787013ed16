import { expect } from 'chai'
import fc from 'fast-check'
import { RunTimes } from '../../../src/core/run-times.ts'

function medianOf(times: readonly number[]): number {
  const runTimes = new RunTimes()
  for (const ms of times) runTimes.add(ms)
  expect(runTimes.count).to.equal(times.length)
  return runTimes.median
}

describe('RunTimes', () => {
  it('knows the median of short times exactly, and 0 of none', () => {
    expect(medianOf([])).to.equal(0)
    expect(medianOf([5])).to.equal(5)
    expect(medianOf([7, 0, 3])).to.equal(3)
    expect(medianOf([1, 2, 3, 4])).to.equal(2)
  })

  it('is at most a quarter above the median of any times', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31 - 1), { minLength: 1 }), (times) => {
        const sorted = [...times].sort((a, b) => a - b)
        const exact = sorted[Math.ceil(times.length / 2) - 1]!
        const median = medianOf(times)
        expect(median).to.be.within(exact, exact * 1.25)
      })
    )
  })

  it('is not moved by a few that took for ever', () => {
    expect(medianOf([100, 100, 100, 2 ** 53 - 1, 2 ** 53 - 1])).to.be.within(100, 125)
  })
})
