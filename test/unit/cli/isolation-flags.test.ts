import { expect } from 'chai'
import { nodeTable } from '../../../src/cli/flags.ts'
import { isolationOptions } from '../../../src/cli/isolation-flags.ts'
import { parseWords } from '../../../src/cli/parse.ts'

describe('flags of the sandbox', () => {
  it('say what a node is started with', () => {
    expect(isolationOptions({ isolation: 'bwrap', requireSandbox: false })).to.deep.equal({
      isolation: 'bwrap',
      requiresSandbox: false
    })
    expect(isolationOptions({ isolation: 'auto', requireSandbox: true })).to.deep.equal({
      isolation: 'auto',
      requiresSandbox: true
    })
  })

  it('are refused where one contradicts the other', () => {
    expect(() => isolationOptions({ isolation: 'none', requireSandbox: true }))
      .to.throw('exclude each other')
      .with.property('code', 'USAGE')
  })

  it('take no other kind of isolation', () => {
    expect(() => parseWords(nodeTable, ['--isolation', 'docker'])).to.throw('auto, bwrap, none')
    expect(parseWords(nodeTable, ['--isolation=none']).given.get('isolation')?.value).to.equal(
      'none'
    )
  })
})
