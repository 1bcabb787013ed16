import { expect } from 'chai'
import { failureStatus } from '../../../../src/cli/jobs/exit-status.ts'

describe('failureStatus', () => {
  it("is GNU parallel's: the number of failures up to 100, and 101 for more", () => {
    const statuses = [0, 1, 99, 100, 101, 5_000].map(failureStatus)
    expect(statuses).to.deep.equal([0, 1, 99, 100, 101, 101])
  })
})
