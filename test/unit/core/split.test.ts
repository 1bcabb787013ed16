import { expect } from 'chai'
import fc from 'fast-check'
import { ENTRIES_MAX, FRAME_BYTES_TARGET } from '../../../src/core/limits.ts'
import { inMessages } from '../../../src/core/split.ts'

const bytesOf = (bytes: number): number => bytes

describe('inMessages', () => {
  it('loses nothing and changes no order, and fills no message beyond its size', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(FRAME_BYTES_TARGET)), (entries) => {
        const parts = [...inMessages(entries, bytesOf)]
        expect(parts.flat()).to.deep.equal(entries)
        for (const part of parts) {
          const bytes = part.reduce((sum, entry) => sum + entry, 0)
          expect(part.length === 1 || bytes <= FRAME_BYTES_TARGET).to.equal(true)
        }
      })
    )
  })

  it('makes one message of what fits into one', () => {
    const entries = [1, 2, 3]
    expect([...inMessages(entries, bytesOf)]).to.deep.equal([entries])
  })

  it('gives an entry that is too large a message of its own', () => {
    const entries = [1, FRAME_BYTES_TARGET * 3, 2]
    expect([...inMessages(entries, bytesOf)]).to.deep.equal([[1], [FRAME_BYTES_TARGET * 3], [2]])
  })

  it('puts no more entries into a message than one may have', () => {
    const entries = new Array<number>(ENTRIES_MAX + 1).fill(0)
    const lengths = [...inMessages(entries, bytesOf)].map((part) => part.length)
    expect(lengths).to.deep.equal([ENTRIES_MAX, 1])
  })

  it('makes no message of nothing', () => {
    expect([...inMessages([], bytesOf)]).to.deep.equal([])
  })
})
