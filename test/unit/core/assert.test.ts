import { expect } from 'chai'
import { assert, unreachable } from '../../../src/core/assert.ts'

const isLess = (a: number, b: number): boolean => a < b

describe('assert', () => {
  it('lets what is true pass, and calls what is not a bug of ours', () => {
    expect(() => assert(isLess(1, 2), 'one is less than two')).to.not.throw()
    expect(() => assert(isLess(2, 1), 'two is less than one')).to.throw(
      'bug in p2pjobs: two is less than one'
    )
  })

  it('names what should never have come', () => {
    expect(() => unreachable({ type: 'new' } as never)).to.throw(
      'bug in p2pjobs: unexpected {"type":"new"}'
    )
  })
})
