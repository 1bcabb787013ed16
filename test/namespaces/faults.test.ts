import { expect } from 'chai'
import { LabNodes } from '../support/lab-nodes.ts'
import type { LineProcess } from '../support/line-process.ts'
import type { Netlab } from '../support/netlab.ts'
import { skipWithoutNetlab } from '../support/netlab.ts'

const MASTER = 1
const [FIRST, SECOND] = [2, 3]
const TASKS = 200

/** What a network does to those who believe that a connection is there until somebody closes it. */
describe('a network that fails without a word', function () {
  this.timeout(120_000)
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

  function start(host: number, words: readonly string[], token?: string): LineProcess {
    return nodes.start(host, ['node', '--json', ...words], token)
  }

  /** A master that has begun a job on two workers, one on each of the other hosts. */
  async function busyMaster(): Promise<LineProcess> {
    const jobs = ['--jobs', '-', '--exit-when-done', '--slots', '0', '--lease', '2s']
    const master = start(MASTER, ['--master', ...jobs])
    const { token } = await master.jsonLine(({ event }) => event === 'network')
    for (const host of [FIRST, SECOND]) {
      start(host, ['--name', `host${host}`, '--slots', '1'], String(token))
      await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === `host${host}`)
    }
    master.child.stdin.end('sleep 0.05\n'.repeat(TASKS))
    await resultOf(master, SECOND)
    return master
  }

  async function resultOf(master: LineProcess, host: number): Promise<void> {
    await master.nextJsonLine(
      ({ event, name }) => event === 'result' && name === `host${host}`,
      60_000
    )
  }

  async function parted(master: LineProcess): Promise<void> {
    const name = `host${SECOND}`
    await master.jsonLine((line) => line['status'] === 'parted' && line['name'] === name, 60_000)
  }

  async function eachOnce(master: LineProcess): Promise<void> {
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const tasks = master.json.filter(({ event }) => event === 'result').map(({ task }) => task)
    expect(tasks).to.have.lengthOf(TASKS)
    expect(new Set(tasks).size).to.equal(TASKS)
  }

  it('to bring what a worker should hear: as if it were cut off', async () => {
    const master = await busyMaster()
    await lab.firewall(SECOND, `ip saddr ${lab.address(MASTER)} drop`)
    await parted(master)
    await lab.firewall(SECOND)
    await resultOf(master, SECOND)
    await eachOnce(master)
  })

  it('to bring what a worker says: as if it were cut off', async () => {
    const master = await busyMaster()
    await lab.firewall(MASTER, `ip saddr ${lab.address(SECOND)} drop`)
    await parted(master)
    await lab.firewall(MASTER)
    await resultOf(master, SECOND)
    await eachOnce(master)
  })

  it('and a worker that vanishes for good: its tasks run elsewhere', async () => {
    const master = await busyMaster()
    await lab.cut(SECOND)
    await parted(master)
    await eachOnce(master)
  })

  it('for everybody at once: the work goes on when it is back', async () => {
    const master = await busyMaster()
    await lab.cut(MASTER)
    await parted(master)
    await lab.heal(MASTER)
    await resultOf(master, SECOND)
    await eachOnce(master)
  })
})
