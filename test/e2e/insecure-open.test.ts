import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'

/** Nobody is found by multicast, or these tests would meet those of others on this machine. */
const OPEN = ['--json', '--insecure-open', '--no-mdns']
const WARNING = /^p2pjobs: WARNING: --insecure-open .*every user and program of this machine.*$/m

interface OpenNode {
  readonly process: LineProcess
  readonly home: string
  readonly addresses: readonly string[]
}

describe('--insecure-open', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  async function startNode(words: readonly string[], env = {}): Promise<OpenNode> {
    const home = programs.home()
    const process = programs.start(['node', ...words], { home, env })
    const { addresses } = await process.jsonLine(({ event }) => event === 'node')
    return { process, home, addresses: addresses as string[] }
  }

  async function startOpenMaster(...more: string[]): Promise<OpenNode> {
    return await startNode([...OPEN, '--master', '--slots', '0', ...more])
  }

  async function startOpenWorker({ addresses }: OpenNode, name: string): Promise<OpenNode> {
    const words = [...OPEN, '--name', name, '--slots', '1', '--join', addresses[0]!]
    const worker = await startNode(words)
    await worker.process.jsonLine(({ event, status }) => event === 'member' && status === 'alive')
    return worker
  }

  it('runs a job without a token, within this machine, and warns', async () => {
    const master = await startOpenMaster('--jobs', '-', '--exit-when-done')
    const worker = await startOpenWorker(master, 'one')
    master.process.child.stdin.end('echo hi\n')
    expect(await master.process.ended).to.deep.equal({ code: 0, signal: null })
    const result = master.process.json.find(({ event }) => event === 'result')
    expect(result).to.include({ name: 'one', state: 'finished', stdout: 'hi\n' })
    for (const { process, home, addresses } of [master, worker]) {
      await process.stop()
      expect(addresses).to.have.length(1)
      expect(addresses[0]).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\//)
      expect(process.stderr).to.match(WARNING)
      // Nothing of it is kept: the next start without the flag is as safe as the first.
      expect(existsSync(join(home, 'config', 'networks'))).to.equal(false)
      expect(process.json.filter(({ event }) => event === 'network')).to.deep.equal([])
    }
  })

  it('works for `run` and `members`', async () => {
    const master = await startOpenMaster()
    await startOpenWorker(master, 'one')
    const joined = [...OPEN, '--join', master.addresses[0]!]
    let stdout = ''
    // On a busy machine the two seconds that it looks may be short.
    while (!stdout.includes('"name":"one"')) {
      const members = await programs.run(['members', ...joined])
      expect(members.stderr).to.match(WARNING)
      stdout = members.stdout
    }
    const run = await programs.run(['run', ...joined, '--no-local', 'echo', ':::', 'hi'])
    expect(run.code).to.equal(0)
    expect(run.stderr).to.match(WARNING)
    expect(run.stdout).to.include('"name":"one"')
  })

  it('has nothing to do with the node of a home that has a token', async () => {
    const closed = await programs.master()
    const run = await programs.run(['run', '--insecure-open', '--no-mdns', 'echo', ':::', 'hi'], {
      home: closed.home
    })
    expect({ code: run.code, stdout: run.stdout }).to.deep.equal({ code: 0, stdout: 'hi\n' })
    const jobs = await programs.run(['jobs', 'all', '--json'], { home: closed.home })
    expect(jobs.stdout).to.equal('')
  })

  it('is joined by `run` through the open node of its home', async () => {
    const { home } = await startNode([...OPEN, '--name', 'here', '--slots', '1'])
    const run = await programs.run(['run', ...OPEN, 'echo', ':::', 'hi'], { home })
    expect(run.stdout).to.include('"name":"here"')
  })

  it('leaves this machine when --listen says so, and says that, too', async () => {
    const outer = Object.values(networkInterfaces()).flat()
    const host = outer.find((each) => each?.family === 'IPv4' && !each.internal)?.address
    const address = `/ip4/${host ?? '127.0.0.2'}/tcp/0`
    const { process, addresses } = await startNode([...OPEN, '--listen', address])
    expect(addresses).to.have.length(1)
    expect(addresses[0]).to.include(host ?? '127.0.0.2')
    await process.stop()
    if (host !== undefined) expect(process.stderr).to.include('whoever reaches this machine')
  })

  it('meets nobody with a token, whoever dials', async () => {
    const open = await startOpenMaster()
    const closed = await programs.master()
    const stranger = await startNode(
      ['--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--join', open.addresses[0]!],
      { P2PJOBS_TOKEN: closed.token }
    )
    const intruder = await startNode([...OPEN, '--join', closed.address])
    // Members that come later are let in, so that the others were heard and refused by then.
    await startOpenWorker(open, 'friend')
    await programs.worker(closed, 'member')
    const met = (process: LineProcess): unknown[] =>
      process.json.filter(({ event, status }) => event === 'member' && status === 'alive')
    expect(met(stranger.process)).to.deep.equal([])
    expect(met(intruder.process)).to.deep.equal([])
    expect(met(open.process).map((line) => (line as { name: string }).name)).to.deep.equal([
      'friend'
    ])
    expect(met(closed.master).map((line) => (line as { name: string }).name)).to.deep.equal([
      'member'
    ])
  })

  it('is no default: without it there is no network without a token', async () => {
    const { code, stderr } = await programs.run(['node', '--json', '--no-mdns'])
    expect(code).to.equal(2)
    expect(stderr).to.include('has no token')
  })

  for (const words of [
    ['node', '--insecure'],
    ['run', '--insecure-ope', 'true', ':::', '1'],
    ['members', '--insecure-open', '--token-file', '/dev/null']
  ]) {
    it(`refuses ${words.join(' ')} in one line`, async () => {
      const { code, stderr } = await programs.run(words)
      expect(code).to.equal(words[0] === 'run' ? 255 : 2)
      expect(stderr.trim().split('\n')).to.have.length(1)
      expect(stderr).to.match(/unknown flag|exclude each other/)
    })
  }
})
