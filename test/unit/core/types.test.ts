import { expect } from 'chai'
import { isBlobRef, payloadBytes } from '../../../src/core/types.ts'
import type { BlobId } from '../../../src/core/types.ts'

describe('payloads', () => {
  it('are bytes, or the name and size of bytes that are elsewhere', () => {
    const blob = { blob: 'ab' as BlobId, bytes: 1_000 }
    expect([isBlobRef(blob), isBlobRef(new Uint8Array(2))]).to.deep.equal([true, false])
    expect([payloadBytes(blob), payloadBytes(new Uint8Array(2))]).to.deep.equal([1_000, 2])
  })
})
