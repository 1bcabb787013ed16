import { expect } from 'chai'
import type { FlagValue, FlagValues } from '../../../src/cli/command.ts'
import { parseWords } from '../../../src/cli/parse.ts'
import { settle } from '../../../src/cli/settle.ts'
import { failureOf, table } from './support.ts'

const configured = (values: Record<string, FlagValue>) =>
  new Map(Object.entries(values).map(([key, value]) => [key, { value, where: `"${key}" in f` }]))

function settled(
  words: string[],
  file: Record<string, FlagValue> = {}
): FlagValues<typeof table.flags> {
  return settle(table, parseWords(table, words).given, configured(file))
}

describe('settle', () => {
  it('gives every flag its default, or nothing', () => {
    expect(settled([])).to.deep.equal({
      warm: false,
      noSalt: false,
      salt: false,
      loaves: 1,
      time: undefined,
      flour: undefined,
      name: undefined,
      recipe: undefined,
      seed: [],
      config: undefined
    })
  })

  it('lets the command line override the file, and the file the default', () => {
    const file = { loaves: 5, name: 'rye', seed: ['poppy'] }
    const { loaves, name, seed } = settled(['--name', 'oat', '-s', 'sesame'], file)
    expect({ loaves, name, seed }).to.deep.equal({ loaves: 5, name: 'oat', seed: ['sesame'] })
  })

  it('refuses flags that exclude each other, wherever the two come from', () => {
    expect(failureOf(() => settled(['--salt', '-n']))).to.equal(
      'USAGE: -n and --salt exclude each other'
    )
    expect(failureOf(() => settled([], { salt: true, noSalt: true }))).to.equal(
      'USAGE: "noSalt" in f and "salt" in f exclude each other'
    )
  })

  it('lets a flag override its opposite in the file', () => {
    expect(settled(['--salt'], { noSalt: true })).to.include({ salt: true, noSalt: false })
    expect(settled(['--no-salt'], { salt: true })).to.include({ salt: false, noSalt: true })
  })

  it('refuses a flag without the one it needs', () => {
    expect(failureOf(() => settled(['--recipe', 'x']))).to.equal('USAGE: --recipe needs --warm too')
    expect(failureOf(() => settled([], { recipe: 'x', warm: false }))).to.match(
      /"recipe" in f needs --warm/
    )
    expect(settled(['-w'], { recipe: 'x' })).to.include({ recipe: 'x' })
  })

  it('takes false and an empty list for what they say: nothing', () => {
    expect(settled(['--salt'], { noSalt: false })).to.include({ salt: true, noSalt: false })
    expect(settled([], { noSalt: false, salt: true })).to.include({ salt: true })
  })
})
