import { expect } from 'chai'
import { finalStatus } from '../../../src/cli/main.ts'

describe('finalStatus', () => {
  it('is that of the command as long as stdout can be written', () => {
    expect(finalStatus(3, { isClosed: false, failure: undefined }, 255)).to.equal(3)
  })

  it('is 0 when the reader has gone, which is why the work was cut short', () => {
    expect(finalStatus(3, { isClosed: true, failure: undefined }, 255)).to.equal(0)
  })

  it('is that of an error when stdout cannot be written', () => {
    expect(finalStatus(0, { isClosed: false, failure: new Error('ENOSPC') }, 255)).to.equal(255)
  })
})
