/** What a home keeps from one run to the next, and what two nodes of it do not share. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { expectRefusal } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'

/** A program that listens where a node would. */
async function listenOn(port: number, host: string): Promise<Server> {
  const server = createServer()
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

function portsOf(node: JsonLine): (string | undefined)[] {
  return (node['addresses'] as string[]).map((address) => /\/tcp\/(\d+)\//.exec(address)?.[1])
}

describe('a home', function () {
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

  /** Starts a node of the home, and waits until it is up. */
  async function start(words: readonly string[]): Promise<{ node: LineProcess; up: JsonLine }> {
    const flags = ['--master', '--json', '--slots', '1', ...words]
    const node = programs.start(['node', ...flags], { home })
    return { node, up: await node.jsonLine(({ event }) => event === 'node') }
  }

  it('keeps its identity, its network and its port', async () => {
    const first = await start(['--no-mdns'])
    expect(await first.node.stop()).to.deep.equal({ code: 0, signal: null })
    const second = await start(['--no-mdns'])
    expect(second.up['peer']).to.equal(first.up['peer'])
    expect(portsOf(second.up)[0]).to.match(/^\d+$/)
    expect(portsOf(second.up)).to.deep.equal(portsOf(first.up))
    expect(second.node.json.filter(({ event }) => event === 'network')).to.be.empty
  })

  it('lets a second node have an identity of its own, until the first has ended', async () => {
    const first = await start(LOOPBACK)
    const second = await start(LOOPBACK)
    expect([first.up['isPrimary'], second.up['isPrimary']]).to.deep.equal([true, false])
    expect([first.up['isDurable'], second.up['isDurable']]).to.deep.equal([true, false])
    expect(second.up['peer']).to.not.equal(first.up['peer'])
    await first.node.stop()
    const third = await start(LOOPBACK)
    expect(third.up).to.include({ isPrimary: true, peer: first.up['peer'] })
  })

  it('gives its identity to the next node when the first was killed', async () => {
    const first = await start(LOOPBACK)
    first.node.kill('SIGKILL')
    await first.node.ended
    const second = await start(LOOPBACK)
    expect(second.up).to.include({ isPrimary: true, peer: first.up['peer'] })
  })

  it('takes a free port when its last one is busy', async () => {
    const first = await start(['--no-mdns'])
    await first.node.stop()
    const [port] = portsOf(first.up)
    const other = await listenOn(Number(port), '0.0.0.0')
    try {
      const second = await start(['--no-mdns'])
      expect(portsOf(second.up)).to.not.include(port)
      expect(second.node.stderr).to.equal('')
    } finally {
      other.close()
    }
  })

  it('does not take another port than the one that was asked for', async () => {
    const other = await listenOn(0, '127.0.0.1')
    try {
      const address = `/ip4/127.0.0.1/tcp/${(other.address() as AddressInfo).port}`
      const listen = ['--no-mdns', '--listen', address]
      const made = await programs.run(['node', '--master', ...listen], { home })
      expect(made.code).to.equal(2)
      // By now the home has its token: nothing else is said.
      const cure = /another program.*--listen/
      const named = new RegExp(`cannot listen on ${address}:`)
      const [node, members, run] = [
        await programs.run(['node', ...listen], { home }),
        await programs.run(['members', ...listen], { home }),
        await programs.run(['run', ...listen, 'true', ':::', '1'], { home })
      ]
      expectRefusal(node, 2, named, cure)
      expectRefusal(members, 2, named, cure)
      expectRefusal(run, 255, named, cure)
    } finally {
      other.close()
    }
  })
})
