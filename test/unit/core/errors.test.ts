import { expect } from 'chai'
import {
  isNoSpace,
  operatingErrorOf,
  P2pJobsError,
  reviveOperatingError,
  toError
} from '../../../src/core/errors.ts'

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

  it('that have travelled are operating errors again, if their code is known', () => {
    const travelled = (name: string, code: unknown, error = new Error('so')): Error => {
      Object.assign(error, { name, code })
      reviveOperatingError(error)
      return error
    }
    expect(operatingErrorOf(travelled('P2pJobsError', 'EMPTY'))).to.include({
      ...{ name: 'P2pJobsError', code: 'EMPTY', message: 'so' }
    })
    for (const other of [
      travelled('P2pJobsError', 'OF_MY_OWN'),
      travelled('P2pJobsError', ['EMPTY']),
      travelled('Error', 'EMPTY'),
      travelled('P2pJobsError', 'EMPTY', new TypeError('so'))
    ]) {
      expect(operatingErrorOf(other)).to.equal(undefined)
    }
  })

  it('say when a disk is full, also by their cause', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    const share = Object.assign(new Error('so'), { code: 'Unknown system error -122' })
    expect([full, share].map(isNoSpace)).to.deep.equal([true, true])
    expect(isNoSpace(new P2pJobsError('EXECUTOR_FAILED', 'so', { cause: full }))).to.equal(true)
    for (const other of [new Error('ENOSPC'), Object.assign(new Error(), { code: 'EIO' }), 'so']) {
      expect(isNoSpace(other)).to.equal(false)
    }
  })

  it('are made of whatever was thrown', () => {
    const error = new TypeError('so')
    expect(toError(error)).to.equal(error)
    expect(toError('so')).to.be.an('error').with.property('message', 'so')
  })
})
