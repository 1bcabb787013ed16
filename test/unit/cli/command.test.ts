import { expect } from 'chai'
import { defineCommand, isNumberFlag, isRepeatable, longName } from '../../../src/cli/command.ts'
import { table } from './support.ts'

describe('a command', () => {
  it('is its table and its body', async () => {
    const command = defineCommand(table, () => Promise.resolve(3))
    expect(command.table).to.equal(table)
    expect(await command.run({} as never, {} as never, {} as never)).to.equal(3)
  })

  it('has flags that are typed with hyphens', () => {
    expect(['tag', 'keepOrder', 'exitWhenDone'].map(longName)).to.deep.equal([
      '--tag',
      '--keep-order',
      '--exit-when-done'
    ])
  })

  it('has flags of several kinds', () => {
    const { seed, name, loaves, time, recipe } = table.flags
    expect([seed, name].map(isRepeatable)).to.deep.equal([true, false])
    expect([loaves, time, name, recipe].map(isNumberFlag)).to.deep.equal([true, true, false, false])
  })
})
