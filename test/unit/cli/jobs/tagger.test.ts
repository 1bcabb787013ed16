import { expect } from 'chai'
import { Tagger } from '../../../../src/cli/jobs/tagger.ts'

describe('Tagger', () => {
  function tagged(argument: string, ...chunks: readonly string[]): string {
    const tagger = new Tagger(Buffer.from(argument))
    return Buffer.concat(chunks.map((chunk) => tagger.push(Buffer.from(chunk)))).toString()
  }

  it('begins every line with the argument and a tab', () => {
    expect(tagged('x', 'one\ntwo\n')).to.equal('x\tone\nx\ttwo\n')
    expect(tagged('x', '\n\n')).to.equal('x\t\nx\t\n')
  })

  it('takes chunks for what they are: parts of lines', () => {
    expect(tagged('x', 'o', 'ne', '\n', '', 'two', '\nthree')).to.equal('x\tone\nx\ttwo\nx\tthree')
  })

  it('adds nothing to what is empty', () => {
    expect(tagged('x')).to.equal('')
    expect(tagged('x', '')).to.equal('')
  })

  it('leaves bytes alone', () => {
    const [argument, bytes] = [Buffer.from([0xff]), Buffer.from([0, 0x0a, 0xfe])]
    const expected = Buffer.from([0xff, 9, 0, 0x0a, 0xff, 9, 0xfe])
    expect(Buffer.from(new Tagger(argument).push(bytes))).to.deep.equal(expected)
  })
})
