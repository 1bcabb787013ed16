/** Ends of a `Process`: what its program is shown of them. */
import { expect } from 'chai'
import { errorOf } from '../../../src/pool/process.ts'

describe('the end of a Process', () => {
  const error = new Error('of the end')
  const returned = { ok: true, value: 1 } as const
  const threw = { ok: false, error: new Error('of the target') } as const

  it('that returned, exited or was killed, shows no error', () => {
    expect(errorOf({ outcomes: [returned], bytes: 1 })).to.equal(undefined)
    expect(errorOf({ error, exitCode: 3, signal: undefined })).to.equal(undefined)
    expect(errorOf({ error, exitCode: undefined, signal: 'SIGSEGV' })).to.equal(undefined)
  })

  it('shows what its target threw', () => {
    expect(errorOf({ outcomes: [threw], bytes: 1 })).to.equal(threw.error)
  })

  it('shows why it could not run', () => {
    expect(errorOf({ error, exitCode: undefined, signal: undefined })).to.equal(error)
  })
})
