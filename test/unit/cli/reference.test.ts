import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { tables } from '../../../src/cli/flags.ts'
import { commandReference } from '../../../src/cli/help.ts'

const FILE = new URL('../../../docs/CLI.md', import.meta.url)

describe('docs/CLI.md', () => {
  it('says what the tables of the flags say (UPDATE=1 rewrites it)', () => {
    const reference = commandReference(tables)
    if (process.env['UPDATE'] === '1') writeFileSync(FILE, reference)
    expect(readFileSync(FILE, 'utf8')).to.equal(reference)
  })
})
