/**
 * Whatever is wrong, one line on stderr names the cause and the cure; the exit status is 2, or 255
 * of `run`; no stack trace, nothing on stdout, nothing started.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeNetwork, placeOf, tokenOf } from '../../src/node/credentials.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { expectRefusal, jsonLinesOf } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { ProgramOptions } from '../support/program.ts'

/** A token of some network. */
function aToken(): string {
  return tokenOf(createCredentials(), 'work')
}

/** Makes the home one of a network, as its first master would. */
function aNetwork(home: string): void {
  makeNetwork(placeOf({ P2PJOBS_HOME: home }, 'default', () => undefined))
}

describe('bad input', function () {
  this.timeout(60_000)
  let programs: Programs
  let home: string

  beforeEach(() => {
    programs = new Programs()
    home = programs.home()
  })

  afterEach(async () => {
    await programs.end()
  })

  async function refused(
    words: readonly string[],
    reasons: readonly RegExp[],
    options: ProgramOptions = {}
  ): Promise<void> {
    const code = words[0] === 'run' ? 255 : 2
    expectRefusal(await programs.run(words, { home, ...options }), code, ...reasons)
  }

  /** A file of this test. */
  function file(text: string): string {
    const path = join(programs.folder(), 'file')
    writeFileSync(path, text)
    return path
  }

  describe('on the command line', () => {
    const mistakes: readonly (readonly [string, ...RegExp[]])[] = [
      ['', /name a command/],
      ['nod', /unknown command nod/, /did you mean node/],
      ['--hlep', /unknown flag --hlep/, /--help/],
      ['run --tga x ::: 1', /unknown flag --tga/, /did you mean --tag/],
      ['run -x x ::: 1', /unknown flag -x/, /--help/],
      ['run -j many x ::: 1', /-j: 'many'/, /whole number/],
      ['run -j 0 x ::: 1', /'0' is not between 1 and 4096/],
      ['run -j', /-j needs N/],
      ['run --timeout soon x ::: 1', /--timeout: 'soon'/, /as 30s/],
      ['run --retries 1.5 x ::: 1', /--retries/, /whole number/],
      ['run --env A-B x ::: 1', /--env: 'A-B'/, /as LANG/],
      ['run --local --no-local x ::: 1', /--local/, /--no-local/, /exclude/],
      ['run --local --min-workers 1 x ::: 1', /--local/, /--min-workers/, /exclude/],
      ['run --tag=yes x ::: 1', /--tag takes no value/],
      ['run x ::: 1 ::: 2', /:::/, /not supported/],
      ['node --exit-when-done', /--exit-when-done needs --jobs/],
      ['node --jobs -', /--jobs needs --master/],
      ['node --slots -1', /--slots: '-1'/, /between/],
      ['node --network Lab!', /--network: 'Lab!'/, /as lab-2/],
      ['node extra', /unexpected 'extra'/],
      ['node --listen here', /--listen: 'here'/, /as \/ip4/],
      ['members --json extra', /unexpected 'extra'/, /members --help/],
      ['token --ful', /--full/]
    ]
    for (const [text, ...reasons] of mistakes) {
      it(`p2pjobs ${text}`, async () => {
        await refused(text === '' ? [] : text.split(' '), reasons)
      })
    }
  })

  describe('for an address', () => {
    for (const [flag, address, purpose] of [
      ['--listen', '/foo', 'listen on'],
      ['--join', '/ip4/1.2.3.4/udp/1', 'join']
    ] as const) {
      it(`${flag} ${address}`, async () => {
        const env = { P2PJOBS_TOKEN: aToken() }
        const listen = flag === '--join' ? LOOPBACK : ['--no-mdns']
        const reasons = [
          new RegExp(`cannot ${purpose} ${address}:`),
          /write the address as \/ip4\//
        ]
        await refused(['node', ...listen, flag, address], reasons, { env })
      })
    }

    it('that this machine does not have', async () => {
      const env = { P2PJOBS_TOKEN: aToken() }
      const words = ['node', '--no-mdns', '--listen', '/ip4/192.0.2.77/tcp/0']
      await refused(words, [/cannot listen on \/ip4\/192/, /does not have that address/], { env })
    })
  })

  describe('for a token', () => {
    it('that is missing', async () => {
      const cure = [/has no token/, /`p2pjobs token`/]
      const run = ['run', ...LOOPBACK, '--no-local', 'true', ':::', '1']
      const commands = [['node', ...LOOPBACK], ['members', ...LOOPBACK], run]
      await Promise.all(commands.map((words) => refused(words, [...cure, /--token-file/])))
      await refused(['token'], [...cure, /`p2pjobs node` asks for it/])
    })

    it('that is none', async () => {
      const reason = /not a p2pjobs token/
      const node = ['node', ...LOOPBACK]
      const env = { P2PJOBS_TOKEN: 'hello' }
      await Promise.all([
        refused([...node, '--token-file', file('hello\n')], [reason, /--token-file/]),
        refused(node, [reason, /P2PJOBS_TOKEN/], { env }),
        refused(node, [reason], { stdin: '\nhello\n' }),
        refused([...node, '--token-file', file('')], [reason]),
        refused([...node, '--token-file', '/dev/zero'], [reason])
      ])
    })

    it('that is cut off, or mistyped', async () => {
      const token = aToken()
      await refused(['node', ...LOOPBACK], [/cut off/, /copy the whole line/], {
        stdin: `${token.slice(0, -1)}\n`
      })
      const swapped = token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a')
      const run = ['run', ...LOOPBACK, 'true', ':::', '1']
      await refused(run, [/mistyped/, /copy it again/], { env: { P2PJOBS_TOKEN: swapped } })
    })

    it('in a file that cannot be read', async () => {
      const words = ['node', ...LOOPBACK, '--token-file', join(home, 'nowhere')]
      await refused(words, [/cannot read --token-file/, /no such file/])
      await refused(['node', '--token-file', home], [/cannot read --token-file/, /directory/])
    })

    it('of another network than the one that is kept', async () => {
      aNetwork(home)
      const env = { P2PJOBS_TOKEN: aToken() }
      await refused(['node', ...LOOPBACK], [/another network/, /--network NAME/], { env })
    })

    it('that is only for work', async () => {
      const env = { P2PJOBS_TOKEN: aToken() }
      const cure = [/only a work token/, /p2pjobs token --full/]
      await refused(['run', ...LOOPBACK, 'true', ':::', '1'], cure, { env })
      await refused(['node', '--master', ...LOOPBACK], cure, { env })
      await refused(['token', '--full'], [/only a work token/, /token --full/])
    })

    it('that is kept and damaged; a new one takes its place', async () => {
      aNetwork(home)
      const path = join(home, 'networks/default.token')
      const token = readFileSync(path, 'utf8')
      writeFileSync(path, 'damaged\n')
      await refused(['node', ...LOOPBACK], [/damaged/, /--token-file/])
      await refused(['run', ...LOOPBACK, 'true', ':::', '1'], [/damaged/, /--token-file/])
      const words = ['run', ...LOOPBACK, '--token-file', file(token), 'true', ':::', '1']
      expect((await programs.run(words, { home })).code).to.equal(0)
      expect(readFileSync(path, 'utf8')).to.equal(token)
    })
  })

  describe('for a home', () => {
    it('that cannot be a folder', async () => {
      const cure = [/cannot use/, /P2PJOBS_HOME/]
      for (const bad of ['/proc/nowhere', file(''), join(file(''), 'below')]) {
        const commands = [['node', ...LOOPBACK], ['run', 'true', ':::', '1'], ['token']]
        await Promise.all(commands.map((words) => refused(words, cure, { home: bad })))
      }
    })

    it('with a damaged identity', async () => {
      aNetwork(home)
      writeFileSync(join(home, 'identity'), 'damaged\n')
      await refused(['node', ...LOOPBACK], [/identity file .* is damaged/, /restore it, or delete/])
    })

    it('with a file in the place of a folder, or of another kind', async () => {
      aNetwork(home)
      for (const name of ['scratch', 'blobs']) {
        writeFileSync(join(home, name), '')
        await refused(['node', '--master', ...LOOPBACK], [new RegExp(`cannot use .*${name}`)])
        rmSync(join(home, name))
      }
      writeFileSync(join(home, 'node.lock'), 'garbage'.repeat(1_000))
      await refused(['node', ...LOOPBACK], [/the lock .* is damaged/, /delete that file/])
    })

    it('with an identity that cannot be read', async () => {
      const env = { P2PJOBS_TOKEN: aToken() }
      mkdirSync(join(home, 'identity'))
      await refused(['node', ...LOOPBACK], [/identity file .* cannot be read/, /restore/], { env })
    })
  })

  describe('in a configuration', () => {
    const mistakes: readonly (readonly [string, ...RegExp[]])[] = [
      ['{"slotz": 4}', /"slotz" in /, /did you mean "slots"/],
      ['{"slots": "many"}', /"slots" in /, /whole number/],
      ['{"slots": true}', /"slots" in /, /a number/],
      ['{"slots": -1}', /"slots" in /, /between/],
      ['{"master": "yes"}', /"master" in /, /true or false/],
      ['{"join": "/ip4/1.2.3.4/tcp/1"}', /"join" in /, /a list/],
      ['{"join": ["here"]}', /"join" in /, /as \/ip4/],
      ['{"join": ["/foo"], "noMdns": true}', /\/foo/],
      ['{"lease": "soon"}', /"lease" in /, /as 30s/],
      ['{"exitWhenDone": true}', /"exitWhenDone" in /, /needs --jobs/],
      ['{"token": "p2pj1-work-x"}', /"token" in /],
      ['{"slots": 4', /is no JSON/, /\{"slots": 4\}/],
      ['[4]', /not a JSON object/, /\{"slots": 4\}/]
    ]
    for (const [text, ...reasons] of mistakes) {
      it(text, async () => {
        const env = { P2PJOBS_TOKEN: aToken() }
        await refused(['node', '--config', file(text)], reasons, { env })
      })
    }

    it('that cannot be read', async () => {
      await refused(['run', '--config', join(home, 'nowhere'), 'true'], [/no such file/, /check/])
    })

    it('is overridden by the command line', async () => {
      const settings = { master: true, slots: 7, listen: ['/ip4/127.0.0.1/tcp/0'], noMdns: true }
      const words = ['node', '--json', '--config', file(JSON.stringify(settings))]
      const node = programs.start([...words, '--slots', '3', '--name', 'mine'], { home })
      const up = await node.jsonLine(({ event }) => event === 'node')
      expect(up).to.include({ slots: 3, name: 'mine', isMaster: true })
    })
  })

  it('of a task is that task alone', async () => {
    const words = [
      'run',
      '--local',
      '--json',
      '-k',
      ':::',
      'exit 3',
      'no-such-command',
      'echo fine'
    ]
    const { code, stdout, stderr } = await programs.run(words, { home })
    expect({ code, stderr }).to.deep.equal({ code: 2, stderr: '' })
    const results = jsonLinesOf(stdout).filter(({ event }) => event === 'result')
    expect(results.map(({ exitCode }) => exitCode)).to.deep.equal([3, 127, 0])
  })
})
