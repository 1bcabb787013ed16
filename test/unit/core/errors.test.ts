import { expect } from 'chai'
import { operatingErrorOf, P2pJobsError, toError } from '../../../src/core/errors.ts'

describe('errors', () => {
  it('are told apart by code, and keep their cause', () => {
    const cause = new Error('ENOENT')
    const error = new P2pJobsError('BAD_INPUT', 'cannot read jobs.txt', { cause })
    expect(error).to.include({ code: 'BAD_INPUT', name: 'P2pJobsError' })
    expect(error.cause).to.equal(cause)
    expect(operatingErrorOf(error)).to.equal(error)
  })

  it('of other kinds are no operating errors', () => {
    for (const other of [new Error('so'), 'so', undefined]) {
      expect(operatingErrorOf(other)).to.equal(undefined)
    }
  })

  it('are made of whatever was thrown', () => {
    const error = new TypeError('so')
    expect(toError(error)).to.equal(error)
    expect(toError('so')).to.be.an('error').with.property('message', 'so')
  })
})
