import { expect } from 'chai'
import {
  COMMAND_LINE_BYTES_MAX,
  commandLineFault,
  parseCommand,
  renderCommand
} from '../../../src/exec/command-line.ts'

function rendered(command: string, input: string): string {
  return Buffer.from(renderCommand(parseCommand(command), Buffer.from(input))).toString()
}

describe('command line', () => {
  it('puts the quoted input where {} stands, every time', () => {
    expect(rendered('cp {} {}.bak', 'a b')).to.equal(`cp 'a b' 'a b'.bak`)
  })

  it('appends the input to a command without {}', () => {
    expect(rendered('factor', '12')).to.equal(`factor '12'`)
    expect(rendered('factor', '')).to.equal(`factor ''`)
  })

  it('takes the input as it stands when there is no command', () => {
    expect(rendered('', 'echo {} | wc')).to.equal('echo {} | wc')
  })

  it('quotes quotes', () => {
    expect(rendered('echo', `it's`)).to.equal(`echo 'it'\\''s'`)
  })

  for (const [command, expected] of [
    [`echo "{}"`, `echo ""'x'""`],
    [`echo '{}'`, `echo '''x'''`],
    [`echo '"' {}`, `echo '"' 'x'`],
    [`echo "'" {}`, `echo "'" 'x'`],
    [`echo \\" {}`, `echo \\" 'x'`],
    [`echo \\' {}`, `echo \\' 'x'`],
    [`echo "\\"{}"`, `echo "\\""'x'""`],
    [`echo "$(cat {})"`, `echo "$(cat 'x')"`],
    [`echo "$(cat "{}" {})" {}`, `echo "$(cat ""'x'"" 'x')" 'x'`],
    [`echo "(" {}`, `echo "(" 'x'`],
    ['echo "`cat {}`"', `echo "\`cat 'x'\`"`],
    [`echo \\{} {}`, `echo \\{} 'x'`],
    [`# don't {}\necho {}`, `# don't \necho 'x'`],
    [`echo a#'{}'`, `echo a#'''x'''`],
    [`echo $# {}`, `echo $# 'x'`],
    [`echo $HOME{}>{}`, `echo $HOME'x'>'x'`]
  ] as const) {
    it(`knows where it is in ${JSON.stringify(command)}`, () => {
      expect(rendered(command, 'x')).to.equal(expected)
    })
  }

  it('leaves bytes that are no text alone', () => {
    const input = Buffer.from([0xff, 0x27, 0x80])
    const line = renderCommand(parseCommand('x {}'), input)
    expect(Buffer.from(line).toString('latin1')).to.equal(`x '\xff'\\''\x80'`)
  })

  it('names what no shell can take', () => {
    expect(commandLineFault(Buffer.from('a\0'))).to.contain('NUL')
    expect(commandLineFault(Buffer.alloc(COMMAND_LINE_BYTES_MAX, 'a'))).to.equal(undefined)
    expect(commandLineFault(Buffer.alloc(COMMAND_LINE_BYTES_MAX + 1, 'a'))).to.contain('131072')
  })
})
