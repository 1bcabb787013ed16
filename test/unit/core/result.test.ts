import { expect } from 'chai'
import { emptyResult, inlineBytesOf, payloadsOf } from '../../../src/core/result.ts'
import type { BlobId } from '../../../src/core/types.ts'

describe('results', () => {
  it('of an attempt that produced nothing have nothing but a reason', () => {
    const result = emptyResult('refused', 'no such folder')
    expect(result).to.include({ outcome: 'refused', reason: 'no such folder', runtimeMs: 0 })
    expect(inlineBytesOf(result)).to.equal(0)
  })

  it('count in memory without what is in blobs', () => {
    const stderr = { blob: 'ab' as BlobId, bytes: 1_000 }
    const result = { ...emptyResult('success', ''), stdout: new Uint8Array(3), stderr }
    expect(inlineBytesOf({ ...result, value: new Uint8Array(4) })).to.equal(7)
    expect(payloadsOf(result)).to.include(stderr).and.to.have.lengthOf(3)
  })
})
