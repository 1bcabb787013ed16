import { expect } from 'chai'
import { nearest } from '../../../src/cli/nearest.ts'

describe('nearest', () => {
  const names = ['--jobs', '--join', '--keep-order', '--no-mdns', '--name']

  it('finds what was begun or mistyped', () => {
    const typed: Record<string, string> = {
      '--keep': '--keep-order',
      '--jbos': '--jobs',
      '--job': '--jobs',
      '--jion': '--join',
      '--nomdns': '--no-mdns',
      '--Name': '--name'
    }
    for (const [word, meant] of Object.entries(typed)) expect(nearest(word, names)).to.equal(meant)
  })

  it('finds nothing for what is like nothing', () => {
    for (const word of ['--colour', '--x', '', '--'])
      expect(nearest(word, names)).to.equal(undefined)
  })
})
