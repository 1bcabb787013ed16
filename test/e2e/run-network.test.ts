/** Where `run` runs tasks: here, there, or both. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { expectDocumented, expectRefusal, jsonLinesOf } from '../support/outcomes.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

/** A port that nothing listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('p2pjobs run in a network', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  /** Runs in the home of the network's master, which is alive. */
  async function run(...words: string[]): Promise<{ code: number | null; lines: JsonLine[] }> {
    const all = ['run', '--json', ...LOOPBACK, ...words]
    const { code, stdout, stderr } = await programs.run(all, { home: network.home })
    expect(stderr).to.equal('')
    const lines = jsonLinesOf(stdout)
    expectDocumented(lines)
    return { code, lines }
  }

  async function reach(...nodes: LineProcess[]): Promise<string[]> {
    const addresses = await Promise.all(nodes.map(addressOf))
    return addresses.flatMap((address) => ['--join', address])
  }

  const args = (count: number): string[] => [':::', ...Array.from({ length: count }, String)]
  const namesOf = (lines: JsonLine[]): Set<unknown> =>
    new Set(lines.filter(({ event }) => event === 'result').map(({ name }) => name))

  describe('beside a node of the same home', () => {
    beforeEach(async () => {
      network = await programs.master(['--name', 'desk', '--slots', '1'])
    })

    it("uses that node's slots, and adds none", async () => {
      const { peer } = await network.master.jsonLine(({ event }) => event === 'node')
      const { code, lines } = await run(
        '--in-process',
        '-j',
        '8',
        '--name',
        'run',
        'sleep 0.02; echo',
        ...args(6)
      )
      expect(code).to.equal(0)
      const workers = lines.filter(({ event }) => event === 'worker')
      expect(workers).to.have.length(1)
      expect(workers[0]).to.include({ worker: peer, name: 'desk', status: 'joined', slots: 1 })
      const results = lines.filter(({ event }) => event === 'result')
      expect(results.map(({ worker }) => worker)).to.deep.equal(Array(6).fill(peer))
      // Another identity: the node itself has seen it come and go.
      const guest = await network.master.jsonLine(({ name }) => name === 'run')
      expect(guest).to.include({ isMaster: true, isWorker: false })
      expect(guest['peer']).to.not.equal(peer)
    })

    it('uses slots of its own, and no network, with --local', async () => {
      const { code, lines } = await run('--local', '-j', '2', 'echo', ...args(3))
      expect(code).to.equal(0)
      expect(lines.find(({ event }) => event === 'worker')).to.include({ slots: 2 })
      expect(network.master.json.filter(({ event }) => event === 'member')).to.be.empty
    })

    it('never uses that node with --no-local', async () => {
      const lab = await programs.worker(network, 'lab', ['--slots', '1'])
      const join = await reach(lab)
      const { code, lines } = await run('--no-local', ...join, 'sleep 0.02; echo', ...args(6))
      expect(code).to.equal(0)
      expect([...namesOf(lines)]).to.deep.equal(['lab'])
    })

    it('uses slots of its own when that node is of another network', async () => {
      const elsewhere = ['--network', 'elsewhere', '--slots', '0']
      const words = ['node', '--master', ...LOOPBACK, ...elsewhere]
      const made = programs.start(words, { home: network.home })
      await made.stderrMatch(/is up/)
      const { code, lines } = await run('--network', 'elsewhere', '-j', '1', 'echo', ...args(2))
      expect(code).to.equal(0)
      expect([...namesOf(lines)]).to.not.include('desk')
    })
  })

  describe('with workers on other machines', () => {
    beforeEach(async () => {
      network = await programs.master(['--slots', '0'])
    })

    it('waits for --min-workers before it starts anything', async () => {
      const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
      const words = ['run', '--json', '--no-local', '--no-mdns', '--listen', address]
      const run = programs.start([...words, '--min-workers', '2', 'echo', ...args(4)], {
        home: network.home
      })
      // Each of the two dials `run` until it is there.
      await programs.worker({ ...network, address }, 'one')
      await run.jsonLine(({ event, name }) => event === 'worker' && name === 'one')
      const before = run.json.length
      await programs.worker({ ...network, address }, 'two')
      expect(await run.ended).to.deep.equal({ code: 0, signal: null })
      const events = run.json.map(({ event }) => event)
      expect(events.slice(0, before)).to.not.include('dispatched')
      expect(events.filter((event) => event === 'result')).to.have.length(4)
    })

    it('-j limits the tasks on each of them', async () => {
      const lab = await programs.worker(network, 'lab', ['--slots', '4'])
      const lock = join(programs.folder(), 'lock')
      const command = `mkdir ${lock} || exit 9; sleep 0.05; rmdir ${lock} #`
      const words = ['-j', '1', '--no-local', ...(await reach(lab)), command, ...args(8)]
      expect((await run(...words)).code).to.equal(0)
    })

    it('--retries tries another machine first', async () => {
      const folders = ['bad', 'good'].map((name) => join(programs.folder(), name))
      const workers: LineProcess[] = []
      for (const TMPDIR of folders) {
        mkdirSync(TMPDIR)
        const name = TMPDIR.split('/').at(-1) ?? ''
        workers.push(await programs.worker(network, name, ['--slots', '1'], { TMPDIR }))
      }
      const command = 'sleep 0.05; case $TMPDIR in */bad) exit 1;; esac #'
      const words = ['--no-local', '--min-workers', '2', ...(await reach(...workers))]
      const { code, lines } = await run(...words, '--retries', '1', command, ...args(6))
      expect(code).to.equal(0)
      const retried = lines.filter(({ event, name }) => event === 'retry' && name === 'bad')
      expect(retried.length).to.be.above(0)
      for (const line of lines.filter(({ event }) => event === 'result')) {
        expect(line).to.include({ state: 'finished', name: 'good' })
      }
    })

    it('says what to check when nobody comes, as a node does, once', async () => {
      await network.master.stop()
      const [node, run] = [
        programs.start(['node', ...LOOPBACK], { env: { P2PJOBS_TOKEN: network.token } }),
        programs.start(['run', ...LOOPBACK, '--no-local', 'true', ...args(1)], {
          home: network.home,
          stdin: ''
        })
      ]
      for (const alone of [node, run]) {
        await alone.stderrMatch(/no other node has been found yet; check .*--join MULTIADDR\n/)
        await alone.stop()
        expect(alone.stderr.match(/no other node/g)).to.have.length(1)
      }
    })

    it('fails without a network where it needs one', async () => {
      for (const flags of [['--no-local'], ['--min-workers', '1'], ['--join', network.address]]) {
        const words = ['run', ...LOOPBACK, ...flags, 'true', ':::', '1']
        expectRefusal(await programs.run(words), 255, /no token/, /p2pjobs token/)
      }
    })
  })
})
