import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import { defineCommand } from '../../../src/cli/command.ts'
import type { Command } from '../../../src/cli/command.ts'
import { dispatch } from '../../../src/cli/dispatch.ts'
import type { CommandEntry } from '../../../src/cli/dispatch.ts'
import { aContext, table } from './support.ts'

type Body = Command<typeof table.flags>['run']

/** The exit status and what was written. */
async function outcome(
  words: string[],
  body?: Body
): Promise<{ status: number; stdout: string; stderr: string }> {
  const run = body ?? (() => Promise.reject(new Error('the body was run')))
  const entries: CommandEntry[] = [
    { table, load: () => Promise.resolve(defineCommand(table, run)) }
  ]
  const context = aContext()
  const status = await dispatch(words, entries, context)
  return { status, ...context.written }
}

describe('dispatch', () => {
  it('gives a command its flags and operands, and returns its status', async () => {
    let seen: unknown
    const { status, stdout } = await outcome(
      ['bake', '-l2', 'echo', ':::', 'rye'],
      async (flags, context, operands) => {
        seen = { loaves: flags.loaves, operands }
        await context.stdout('done\n')
        return 3
      }
    )
    expect({ status, stdout }).to.deep.equal({ status: 3, stdout: 'done\n' })
    expect(seen).to.deep.equal({ loaves: 2, operands: { command: 'echo', inputs: ['rye'] } })
  })

  it('prints help and version on stdout', async () => {
    const overview = await outcome(['--help'])
    expect(overview).to.include({ status: 0, stderr: '' })
    expect(overview.stdout).to.match(/\n {2}bake {2}Bake bread\n/)
    const help = await outcome(['bake', '-w', '--help'])
    expect(help).to.include({ status: 0, stderr: '' })
    expect(help.stdout).to.match(/^Bake bread\.\n\nUsage: p2pjobs bake /)
    expect(await outcome(['--version']))
      .to.have.property('stdout')
      .that.matches(/^p2pjobs \d+\.\d+\.\d+\n$/)
  })

  it('puts every error on one line of stderr, with the status of the command', async () => {
    const errors: [string[], number, RegExp][] = [
      [[], 2, /^p2pjobs: name a command: bake; see p2pjobs --help\n$/],
      [['baek'], 2, /^p2pjobs: unknown command baek; did you mean bake\?\n$/],
      [['--verison'], 2, /^p2pjobs: unknown flag --verison; did you mean --version\?\n$/],
      [
        ['bake', '--nonsense\n\u001b[2J'],
        77,
        /^p2pjobs: unknown flag --nonsense \\x1b\[2J of bake; .*\n$/
      ],
      [['bake', '-l', 'x'], 77, /^p2pjobs: -l: .*\n$/],
      [
        ['bake', '--config', '/nowhere/x.json'],
        77,
        /^p2pjobs: cannot read the configuration: .*\n$/
      ]
    ]
    for (const [words, status, line] of errors) {
      const failed = await outcome(words)
      expect(failed).to.include({ status, stdout: '' })
      expect(failed.stderr).to.match(line)
    }
  })

  it('does the same for what a command throws', async () => {
    const failed = await outcome(['bake'], () =>
      Promise.reject(new P2pJobsError('PORT_IN_USE', 'port 4001 is in use; choose another one'))
    )
    expect(failed).to.deep.equal({
      status: 77,
      stdout: '',
      stderr: 'p2pjobs: port 4001 is in use; choose another one\n'
    })
  })

  it('prints the stack of a bug', async () => {
    const failed = await outcome(['bake'], () => Promise.reject(new TypeError('x is undefined')))
    expect(failed.status).to.equal(77)
    expect(failed.stderr).to.match(/this is a bug.*\nTypeError: x is undefined\n {4}at /)
  })
})
