import { expect } from 'chai'
import { ISOLATIONS } from '../../../src/core/types.ts'
import { isolationOptions } from '../../../src/cli/isolation-flags.ts'
import { failureOf } from './support.ts'

describe('isolationOptions', () => {
  it('are what the flags say', () => {
    for (const isolation of ISOLATIONS) {
      expect(isolationOptions({ isolation, requireSandbox: false })).to.deep.equal({
        isolation,
        requiresSandbox: false
      })
    }
    expect(isolationOptions({ isolation: 'auto', requireSandbox: true })).to.include({
      requiresSandbox: true
    })
  })

  it('refuse to require a sandbox and to have none', () => {
    expect(failureOf(() => isolationOptions({ isolation: 'none', requireSandbox: true }))).to.match(
      /^USAGE: --isolation none and --require-sandbox exclude each other/
    )
  })
})
