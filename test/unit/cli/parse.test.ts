import { expect } from 'chai'
import type { FlagValue } from '../../../src/cli/command.ts'
import { nodeTable } from '../../../src/cli/flags.ts'
import { parseWords } from '../../../src/cli/parse.ts'
import { failureOf, table } from './support.ts'

function given(...words: string[]): Record<string, FlagValue> {
  const entries = [...parseWords(table, words).given].map(([name, { value }]) => [name, value])
  return Object.fromEntries(entries) as Record<string, FlagValue>
}

describe('parseWords', () => {
  it('reads flags in every way they can be typed', () => {
    expect(given('--loaves', '3')).to.deep.equal({ loaves: 3 })
    expect(given('--loaves=3')).to.deep.equal({ loaves: 3 })
    expect(given('-l', '3')).to.deep.equal({ loaves: 3 })
    expect(given('-l3')).to.deep.equal({ loaves: 3 })
    expect(given('-wnl3', '--salt')).to.deep.equal({
      warm: true,
      noSalt: true,
      loaves: 3,
      salt: true
    })
    expect(given('-wnl', '3')).to.deep.equal({ warm: true, noSalt: true, loaves: 3 })
    expect(given('--no-salt')).to.deep.equal({ noSalt: true })
    expect(given('--name=a=b')).to.deep.equal({ name: 'a=b' })
    expect(given('--recipe', '-')).to.deep.equal({ recipe: '-' })
  })

  it('keeps all values of a repeatable flag and the last of any other', () => {
    expect(given('-s', 'poppy', '--seed=sesame')).to.deep.equal({ seed: ['poppy', 'sesame'] })
    expect(given('-l1', '-l2')).to.deep.equal({ loaves: 2 })
  })

  it('ends the flags at the first word that is none, which begins the command', () => {
    const { given: flags, operands } = parseWords(table, [
      '-w',
      'echo',
      '-l',
      '{}',
      ':::',
      '-a',
      'b'
    ])
    expect([...flags.keys()]).to.deep.equal(['warm'])
    expect(operands).to.deep.equal({ command: 'echo -l {}', inputs: ['-a', 'b'] })
  })

  it('splits command and arguments, either of which may be missing', () => {
    const operands = (...words: string[]): unknown => parseWords(table, words).operands
    expect(operands()).to.deep.equal({ command: '', inputs: undefined })
    expect(operands('cat')).to.deep.equal({ command: 'cat', inputs: undefined })
    expect(operands('cat', ':::')).to.deep.equal({ command: 'cat', inputs: [] })
    expect(operands(':::', 'a', ':::b')).to.deep.equal({ command: '', inputs: ['a', ':::b'] })
    expect(operands('--', '-w', '-', '')).to.deep.equal({ command: '-w - ', inputs: undefined })
  })

  it('stops at --help, whatever follows', () => {
    expect(parseWords(table, ['-w', '--help', '--nonsense'])).to.have.property('isHelp', true)
    expect(parseWords(table, ['-h'])).to.have.property('isHelp', true)
    expect(parseWords(table, ['cat', '--help'])).to.have.property('isHelp', false)
  })

  it('refuses what it does not know, and says what was probably meant', () => {
    const problems: [string[], RegExp][] = [
      [['--loafs', '3'], /^USAGE: unknown flag --loafs of bake; did you mean --loaves\?$/],
      [['--war'], /did you mean --warm\?/],
      [['--hlep'], /did you mean --help\?/],
      [['--zzz=1'], /^USAGE: unknown flag --zzz of bake; see p2pjobs bake --help$/],
      [['-wx'], /unknown flag -x/],
      [['--warm=yes'], /--warm takes no value/],
      [['--loaves'], /--loaves needs N/],
      [['--name', '--warm'], /--name needs NAME/],
      [['-l', 'x'], /-l: 'x' is not a whole number/],
      [['a', ':::', 'b', ':::', 'c'], /':::' is not supported/],
      [['a', '::::', 'b'], /'::::' is not supported/],
      [['--constructor'], /unknown flag --constructor/]
    ]
    for (const [words, problem] of problems) {
      expect(failureOf(() => parseWords(table, words))).to.match(problem)
    }
  })

  it('lets no word follow the flags of a command that takes none', () => {
    expect(failureOf(() => parseWords(nodeTable, ['--json', 'x']))).to.match(
      /^USAGE: unexpected 'x'/
    )
  })
})
