import { expect } from 'chai'
import { simpleProgram } from '../../../src/exec/simple-command.ts'

describe('simple command', () => {
  for (const line of [`factor 12`, `factor`, `factor 'a b' 'it'\\''s' x=1`, `factor '$(x)\n;'`]) {
    it(`is ${JSON.stringify(line)}`, () => {
      expect(simpleProgram(Buffer.from(line))).to.equal('factor')
    })
  }

  for (const line of [
    '',
    ' factor',
    'echo 1',
    'exit 1',
    'if',
    'A=1 factor',
    `'factor' 1`,
    'factor $x',
    'factor "x"',
    'factor a;b',
    'factor a\nb',
    'factor a|b',
    'factor >x',
    'factor *',
    'factor ~',
    'factor a\\ b',
    'factor x &',
    'factor #x',
    'factor {a,b}',
    `factor 'open`,
    'factor naïve',
    'factor a\0b'
  ]) {
    it(`is not ${JSON.stringify(line)}`, () => {
      expect(simpleProgram(Buffer.from(line))).to.equal(undefined)
    })
  }
})
