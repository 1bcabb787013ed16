import { expect } from 'chai'
import type { Flag } from '../../../src/cli/command.ts'
import { tables } from '../../../src/cli/flags.ts'
import { jsonEvents } from '../../../src/cli/json-events.ts'
import { parseWords } from '../../../src/cli/parse.ts'

describe('the tables of flags', () => {
  for (const { name: command, flags, examples, exitStatus, errorExitCode } of tables) {
    const all = Object.entries<Flag>(flags)

    it(`of ${command} name only flags that there are`, () => {
      for (const [, { requires, excludes }] of all) {
        for (const other of [requires, excludes]) {
          if (other !== undefined) expect(flags).to.have.property(other)
        }
      }
    })

    it(`of ${command} give no letter twice`, () => {
      const letters = all.map(([, { short }]) => short).filter((short) => short !== undefined)
      expect(new Set(letters).size).to.equal(letters.length)
    })

    it(`of ${command} say each flag in one sentence without its end`, () => {
      for (const [, { summary }] of all) expect(summary).to.match(/^[A-Z].*[^.]$/)
    })

    it(`of ${command} have examples that can be typed, and the status of an error`, () => {
      for (const example of examples) {
        const words = example.slice(example.indexOf('p2pjobs ')).replaceAll("'", '').split(' ')
        expect(words.slice(0, 2)).to.deep.equal(['p2pjobs', command])
        const table = tables.find(({ name }) => name === command)!
        parseWords(table, words.slice(2))
      }
      expect(exitStatus.map(([status]) => status)).to.include(String(errorExitCode))
    })
  }
})

describe('the events of --json', () => {
  it('have names, and fields with names, of their own', () => {
    const events = jsonEvents.map(({ event }) => event)
    expect(new Set(events).size).to.equal(events.length)
    for (const { fields } of jsonEvents) {
      expect(new Set(fields.map(({ name }) => name)).size).to.equal(fields.length)
    }
  })
})
