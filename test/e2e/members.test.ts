import { expect } from 'chai'
import { expectDocumented, jsonLinesOf } from '../support/outcomes.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

describe('p2pjobs members', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork

  beforeEach(async () => {
    programs = new Programs()
    network = await programs.master(['--name', 'desk', '--slots', '1'])
  })

  afterEach(async () => {
    await programs.end()
  })

  /** The words that reach everybody. */
  async function membersWords(): Promise<string[]> {
    const lab = await programs.worker(network, 'lab\u001b[2J')
    return ['members', ...LOOPBACK, '--join', network.address, '--join', await addressOf(lab)]
  }

  /** What the command prints in a home of its own. */
  async function members(words: readonly string[]): Promise<string> {
    const env = { P2PJOBS_TOKEN: network.token }
    const { code, stdout, stderr } = await programs.run(words, { env })
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return stdout
  }

  it('prints a table of them, with nothing in it that a terminal obeys, or JSON', async () => {
    const words = await membersWords()
    // One after the other: at once, each would see the other as a guest.
    const plain = await members(words)
    const json = await members([...words, '--json'])

    const [head, ...rows] = plain.trimEnd().split('\n')
    expect(head).to.match(/^NAME +STATUS +ROLE +VERSION +PEER +ADDRESS$/)
    expect(rows).to.have.length(2)
    expect(rows.find((row) => row.startsWith('desk'))).to.match(
      /^desk +alive +master\+worker +p2pjobs \d+\.\d+\.\d+ +12D3Koo\w+ +\/ip4\/127\.0\.0\.1\/tcp\/\d+/
    )
    expect(rows.find((row) => row.startsWith('lab'))).to.match(/^lab\\x1b\[2J +alive +worker +/)

    const lines = jsonLinesOf(json)
    expectDocumented(lines)
    const { peer } = await network.master.jsonLine(({ event }) => event === 'node')
    const desk = lines.find((line) => line['name'] === 'desk')
    const isBoth = { isMaster: true, isWorker: true, problem: null }
    expect(desk).to.include({ event: 'member', peer, status: 'alive', ...isBoth })
    const bare = (address: string): string => address.replace(/\/p2p\/.*/, '')
    expect((desk?.['addresses'] as string[]).map(bare)).to.include(bare(network.address))
    expect(lines.find((line) => line['name'] === 'lab\u001b[2J')).to.include({ isMaster: false })
  })

  it('sees the node of its own home without being told where it is', async () => {
    const words = ['members', '--json', ...LOOPBACK]
    const { stdout } = await programs.run(words, { home: network.home })
    expect(jsonLinesOf(stdout).map(({ name }) => name)).to.include('desk')
  })

  it('is a guest who comes and goes, as others see it', async () => {
    await members(['members', ...LOOPBACK, '--join', network.address])
    const guest = await network.master.jsonLine(({ status }) => status === 'left')
    expect(guest).to.include({ isMaster: false, isWorker: false })
    expectDocumented(network.master.json)
  })

  it('says when nobody else is there, and what cannot be reached', async () => {
    const env = { P2PJOBS_TOKEN: network.token }
    const words = ['members', ...LOOPBACK]
    const [alone, lost] = await Promise.all([
      programs.run(words, { env }),
      programs.run([...words, '--join', '/ip4/127.0.0.1/tcp/1'], { env })
    ])
    const nobody = 'p2pjobs: nobody else is here\n'
    expect(alone).to.deep.equal({ code: 0, signal: null, stdout: '', stderr: nobody })
    expect(lost).to.include({ code: 0, stdout: '' })
    expect(lost.stderr).to.match(/^p2pjobs: cannot reach --join \/ip4\/127\.0\.0\.1\/tcp\/1: /)
    expect(lost.stderr).to.match(/it is tried again\np2pjobs: nobody else is here\n$/)
  })
})
