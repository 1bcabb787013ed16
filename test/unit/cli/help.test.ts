import { expect } from 'chai'
import { longName } from '../../../src/cli/command.ts'
import { tables } from '../../../src/cli/flags.ts'
import { commandHelp, overview } from '../../../src/cli/help.ts'
import { table } from './support.ts'

describe('help', () => {
  it('shows everything that the table says', () => {
    expect(commandHelp(table)).to.equal(`Bake bread.

Usage: p2pjobs bake [FLAG]... COMMAND ::: ARGUMENT...

It takes a while.

Flags:
  -w, --warm            Keep it warm
  -n, --no-salt         Take no salt
      --salt            Take salt
  -l N, --loaves N      Bake N (default: 1)
      --time TIME       For so long
      --flour SIZE      Of so much
      --name NAME       Call it so
      --recipe FILE     Read it there
  -s SEED, --seed SEED  Strew these (repeatable)
      --config FILE     Read flags there
  -h, --help            Print this

Exit status:
  0  baked

Examples:
  p2pjobs bake ::: rye
`)
  })

  it('fits a terminal of 80 columns, with no line ending in a space', () => {
    for (const text of [overview(tables), ...tables.map(commandHelp)]) {
      for (const line of text.split('\n')) {
        expect(line.length, line).to.be.at.most(80)
        expect(line).to.equal(line.trimEnd())
      }
    }
  })

  it('belongs to tables that hang together', () => {
    for (const { flags } of tables) {
      const shorts = Object.values(flags).flatMap(({ short }) =>
        short === undefined ? [] : [short]
      )
      expect(new Set(['h', ...shorts])).to.have.lengthOf(shorts.length + 1)
      expect(Object.keys(flags).map(longName)).not.to.include('--help')
      for (const { requires, excludes, summary } of Object.values(flags)) {
        for (const other of [requires, excludes])
          if (other !== undefined) expect(flags).to.have.property(other)
        expect(summary).to.match(/^[A-Z].*[^.]$/)
      }
    }
  })
})
