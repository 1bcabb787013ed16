import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { mock } from 'node:test'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { askForToken, givenToken } from '../../../src/cli/token-input.ts'
import { noNetwork, notAMaster } from '../../../src/node/credentials.ts'
import { aContext } from './support.ts'

describe('givenToken', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-token-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function file(text: string): string {
    const path = join(folder, 'token')
    writeFileSync(path, text)
    return path
  }

  it('is that of the file, else that of the environment', async () => {
    const env = { P2PJOBS_TOKEN: 'from the environment' }
    const path = file('from the file\n')
    expect(await givenToken(path, { env })).to.deep.equal({
      token: 'from the file\n',
      source: `--token-file ${path}`
    })
    expect(await givenToken(undefined, { env })).to.deep.equal({
      token: 'from the environment',
      source: 'P2PJOBS_TOKEN'
    })
    for (const none of [{}, { P2PJOBS_TOKEN: '' }]) {
      expect(await givenToken(undefined, { env: none })).to.equal(undefined)
    }
  })

  it('is read no further than a token can reach', async () => {
    const given = await givenToken(file('x'.repeat(100_000)), { env: {} })
    expect(given?.token.length).to.be.within(4_096, 5_000)
  })

  it('names a file that cannot be read', async () => {
    const failure: unknown = await givenToken(folder, { env: {} }).catch((error: unknown) => error)
    expect(operatingErrorOf(failure)).to.have.property('code', 'USAGE')
    expect(failure)
      .to.have.property('message')
      .that.matches(/^cannot read --token-file: EISDIR/)
  })
})

describe('askForToken', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  interface Asked {
    readonly stdin: PassThrough
    readonly stopping: AbortController
    readonly token: Promise<string | undefined>
    readonly said: () => string
  }

  function ask(isTerminal: boolean): Asked {
    const [stdin, stopping] = [new PassThrough(), new AbortController()]
    const context = aContext({ stdin: isTerminal, stdout: isTerminal, stderr: isTerminal })
    const token = askForToken({ ...context, stdin, stopping: stopping.signal })
    return { stdin, stopping, token, said: () => context.written.stderr }
  }

  it('asks at a terminal, and takes the line that is pasted', async () => {
    const { stdin, token, said } = ask(true)
    expect(said()).to.equal('Paste the join token: ')
    mock.timers.tick(10_000)
    stdin.write('\n  \n  p2pj1-')
    stdin.write('work-x  \r\nnot this\n')
    expect(await token).to.equal('p2pj1-work-x')
    expect(said()).to.equal('Paste the join token: ')
  })

  it('takes the first line of stdin, and says that it waits only when it has to', async () => {
    const quick = ask(false)
    quick.stdin.end('p2pj1-work-x')
    expect(await quick.token).to.equal('p2pj1-work-x')
    expect(quick.said()).to.equal('')

    const slow = ask(false)
    mock.timers.tick(1_000)
    expect(slow.said()).to.equal('p2pjobs: waiting for the join token on stdin\n')
    slow.stdin.end('p2pj1-work-y\n')
    expect(await slow.token).to.equal('p2pj1-work-y')
  })

  it('is none when nothing comes', async () => {
    for (const text of ['', '\n \n']) {
      const { stdin, token, said } = ask(false)
      stdin.end(text)
      expect(await token).to.equal(undefined)
      mock.timers.tick(10_000)
      expect(said()).to.equal('')
    }
  })

  it('is none at Ctrl-C, which leaves the line of the prompt', async () => {
    const { stopping, token, said } = ask(true)
    stopping.abort()
    expect(await token).to.equal(undefined)
    expect(said()).to.equal('Paste the join token: \n')
  })

  it('keeps no more than a token can be', async () => {
    const { stdin, token } = ask(false)
    stdin.write('x'.repeat(100_000))
    expect((await token)?.length).to.equal(4_096)
  })
})

describe('what to do without a token', () => {
  it('is said', () => {
    const error = noNetwork({ network: 'lab' }, 'by carrier pigeon')
    expect(error).to.include({ code: 'NO_NETWORK' })
    expect(error.message)
      .to.include("network 'lab'")
      .and.include('`p2pjobs token` prints on the master (by carrier pigeon)')
      .and.include('`p2pjobs node --master --network lab`')
    expect(noNetwork({ network: 'default' }, '').message).to.include('`p2pjobs node --master`')
    expect(notAMaster()).to.include({ code: 'NOT_A_MASTER' })
    expect(notAMaster().message).to.include('`p2pjobs token --full`').and.include('run --local')
  })
})
