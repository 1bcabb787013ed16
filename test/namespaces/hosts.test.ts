import { expect } from 'chai'
import { LabNodes } from '../support/lab-nodes.ts'
import type { LineProcess } from '../support/line-process.ts'
import type { Netlab } from '../support/netlab.ts'
import { skipWithoutNetlab } from '../support/netlab.ts'

/** The program on several hosts that know nothing of each other but the token. */
describe('p2pjobs on three hosts', function () {
  this.timeout(90_000)
  let nodes: LabNodes
  let lab: Netlab

  before(function () {
    skipWithoutNetlab(this)
  })

  beforeEach(async () => {
    nodes = await LabNodes.up(3)
    lab = nodes.lab
  })

  afterEach(async () => {
    await nodes.down()
  })

  async function startMaster(): Promise<{ master: LineProcess; token: string }> {
    const jobs = ['--jobs', '-', '--exit-when-done', '--slots', '0', '--lease', '2s']
    const master = nodes.start(1, ['node', '--master', '--json', ...jobs])
    const network = await master.jsonLine(({ event }) => event === 'network')
    return { master, token: String(network['token']) }
  }

  function startWorker(host: number, token: string): LineProcess {
    return nodes.start(host, ['node', '--json', '--name', `host${host}`, '--slots', '1'], token)
  }

  async function joined(master: LineProcess, name: string): Promise<void> {
    await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === name)
  }

  function resultsBy(master: LineProcess): Map<unknown, number> {
    const counts = new Map<unknown, number>()
    for (const { event, name } of master.json) {
      if (event === 'result') counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }

  function publish(master: LineProcess, tasks: number): void {
    master.child.stdin.end('sleep 0.05\n'.repeat(tasks))
  }

  it('find each other by mDNS alone and finish a job', async () => {
    const { master, token } = await startMaster()
    for (const host of [2, 3]) startWorker(host, token)
    for (const host of [2, 3]) await joined(master, `host${host}`)
    publish(master, 60)
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const counts = resultsBy(master)
    expect([...counts.keys()]).to.have.members(['host2', 'host3'])
    expect((counts.get('host2') ?? 0) + (counts.get('host3') ?? 0)).to.equal(60)
  })

  it('go on when one is cut off, and take it back when it heals', async () => {
    const { master, token } = await startMaster()
    for (const host of [2, 3]) startWorker(host, token)
    for (const host of [2, 3]) await joined(master, `host${host}`)
    publish(master, 600)
    await master.jsonLine(({ event, name }) => event === 'result' && name === 'host3')
    await lab.cut(3)
    await master.nextJsonLine((line) => line['status'] === 'parted' && line['name'] === 'host3')
    const again = master.nextJsonLine(
      ({ event, name }) => event === 'result' && name === 'host3',
      40_000
    )
    await lab.heal(3)
    await again
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const tasks = master.json.filter(({ event }) => event === 'result').map(({ task }) => task)
    expect(new Set(tasks).size).to.equal(600)
    expect(tasks).to.have.length(600)
  })

  it('work with a host that accepts no inbound connection', async () => {
    await lab.noInboundTcp(2)
    const { master, token } = await startMaster()
    startWorker(2, token)
    await joined(master, 'host2')
    publish(master, 20)
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    expect(resultsBy(master).get('host2')).to.equal(20)
  })

  it('work with a master that accepts no inbound connection', async () => {
    await lab.noInboundTcp(1)
    const { master, token } = await startMaster()
    startWorker(2, token)
    await joined(master, 'host2')
    publish(master, 20)
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    expect(resultsBy(master).get('host2')).to.equal(20)
  })
})
