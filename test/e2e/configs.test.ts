/** The ready configurations, each really started. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { addressOf, config, Programs } from '../support/program.ts'

const FLAGS = ['--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']

describe('the ready configurations', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  function settingsOf(name: string): Record<string, unknown> {
    return JSON.parse(readFileSync(config(name), 'utf8')) as Record<string, unknown>
  }

  it('are all of those that are started here', () => {
    const names = readdirSync(dirname(config('master.json')))
    const ready = names.filter((name) => name.endsWith('.json') && !name.startsWith('tsconfig'))
    expect(ready).to.have.members(['master.json', 'lan-worker.json', 'loopback.json'])
  })

  it('make a master and a worker that work together', async () => {
    const jobs = ['--jobs', '-', '--exit-when-done']
    const master = programs.start(['node', '--config', config('master.json'), ...FLAGS, ...jobs])
    const { token } = await master.jsonLine(({ event }) => event === 'network')
    const up = await master.jsonLine(({ event }) => event === 'node')
    expect(up).to.include({ isMaster: true, slots: settingsOf('master.json')['slots'] })

    const join = ['--join', await addressOf(master), '--name', 'lab']
    const worker = programs.start(
      ['node', '--config', config('lan-worker.json'), ...FLAGS, ...join],
      { env: { P2PJOBS_TOKEN: String(token) } }
    )
    const workerUp = await worker.jsonLine(({ event }) => event === 'node')
    expect(workerUp).to.include({ isMaster: false, slots: settingsOf('lan-worker.json')['slots'] })

    await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === 'lab')
    master.child.stdin.end('sleep 0.05; echo x\n'.repeat(12))
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const results = master.json.filter(({ event }) => event === 'result')
    expect(results).to.have.length(12)
    expect(results.map(({ name }) => name)).to.include('lab')
  })

  it('make a network on loopback', async () => {
    const network = await programs.master(['--jobs', '-', '--exit-when-done', '--slots', '0'])
    expect(network.address).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\//)
    await programs.worker(network, 'lab')
    network.master.child.stdin.end('echo x\n')
    expect(await network.master.ended).to.deep.equal({ code: 0, signal: null })
  })
})
