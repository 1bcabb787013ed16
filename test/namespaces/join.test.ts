import { expect } from 'chai'
import { LabNodes } from '../support/lab-nodes.ts'
import type { LineProcess } from '../support/line-process.ts'
import type { Netlab } from '../support/netlab.ts'
import { skipWithoutNetlab } from '../support/netlab.ts'

const TASKS = 30

/** Hosts on which multicast does not work: one of them is named to the others, no more. */
describe('p2pjobs on hosts without multicast', function () {
  this.timeout(90_000)
  let nodes: LabNodes
  let lab: Netlab

  before(function () {
    skipWithoutNetlab(this)
  })

  beforeEach(async () => {
    nodes = await LabNodes.up(4)
    lab = nodes.lab
    for (const host of [1, 2, 3, 4]) await lab.firewall(host, 'udp dport 5353 drop')
  })

  afterEach(async () => {
    await nodes.down()
  })

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
    const first = nodes.start(1, words)
    const { token } = await first.jsonLine(({ event }) => event === 'network')
    const told = nodes.start(1, ['token', '--full'], undefined, nodes.homes[0])
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
    const worker = nodes.start(
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
    const run = nodes.start(4, words, full)
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
