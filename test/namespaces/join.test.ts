import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { Netlab, skipWithoutNetlab } from '../support/netlab.ts'
import { PROGRAM } from '../support/program.ts'

const TASKS = 30

/** Hosts on which multicast does not work: one of them is named to the others, no more. */
describe('p2pjobs on hosts without multicast', function () {
  this.timeout(90_000)
  let lab: Netlab
  let homes: string[] = []

  before(function () {
    skipWithoutNetlab(this)
  })

  beforeEach(async () => {
    lab = await Netlab.up(4)
    for (const host of [1, 2, 3, 4]) await lab.firewall(host, 'udp dport 5353 drop')
  })

  afterEach(async () => {
    await lab.down()
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
    homes = []
  })

  function start(host: number, words: readonly string[], token?: string): LineProcess {
    const home = mkdtempSync(join(tmpdir(), 'p2pjobs-hosts-'))
    homes.push(home)
    const env = { ...process.env, P2PJOBS_HOME: home, ...(token && { P2PJOBS_TOKEN: token }) }
    return lab.spawn(host, process.execPath, [PROGRAM, ...words], { env })
  }

  /** The one whose address is known: a master that runs no tasks. */
  async function startFirst(): Promise<{ first: LineProcess; work: string; full: string }> {
    const words = [
      'node',
      '--master',
      '--json',
      '--slots',
      '0',
      '--listen',
      '/ip4/0.0.0.0/tcp/4001'
    ]
    const first = start(1, words)
    const { token } = await first.jsonLine(({ event }) => event === 'network')
    const env = { ...process.env, P2PJOBS_HOME: homes[0] }
    const told = lab.spawn(1, process.execPath, [PROGRAM, 'token', '--full'], { env })
    return { first, work: String(token), full: await told.line(/^p2pj1-full-/) }
  }

  function named(): string[] {
    return ['--join', `/ip4/${lab.address(1)}/tcp/4001`]
  }

  async function startWorker(
    host: number,
    first: LineProcess,
    token: string
  ): Promise<LineProcess> {
    const name = `host${host}`
    const worker = start(
      host,
      ['node', '--json', '--name', name, '--slots', '1', ...named()],
      token
    )
    await first.jsonLine((line) => line['name'] === name && line['status'] === 'alive')
    return worker
  }

  /** Runs tasks on the others, from the fourth host, and returns who ran some. */
  async function namesOfWorkers(full: string): Promise<Set<unknown>> {
    const words = ['run', '--json', '--no-local', '--min-workers', '2', ...named(), 'sleep 0.1 #']
    const run = start(4, words, full)
    run.child.stdin.end('x\n'.repeat(TASKS))
    expect(await run.ended, run.transcript()).to.deep.equal({ code: 0, signal: null })
    const results = run.json.filter(({ event }) => event === 'result')
    expect(results).to.have.length(TASKS)
    return new Set(results.map(({ name }) => name))
  }

  it('uses all of them from a host that was told of one', async () => {
    const { first, work, full } = await startFirst()
    const workers = [await startWorker(2, first, work), await startWorker(3, first, work)]
    await workers[0]!.jsonLine((line) => line['name'] === 'host3' && line['status'] === 'alive')
    expect([...(await namesOfWorkers(full))]).to.have.members(['host2', 'host3'])
  })

  it('uses those that accept no connection, because they make it', async () => {
    await lab.firewall(2, 'udp dport 5353 drop', 'tcp flags & (syn | ack) == syn drop')
    const { first, work, full } = await startFirst()
    for (const host of [2, 3]) await startWorker(host, first, work)
    expect([...(await namesOfWorkers(full))]).to.have.members(['host2', 'host3'])
  })
})
