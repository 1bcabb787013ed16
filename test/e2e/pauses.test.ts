/** Nodes that are stopped for longer than leases last, and continued: a closed laptop. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'

const TASKS = 60

describe('nodes that are stopped past their leases and continued', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  /** Stops nodes until another one has given them up, which takes longer than the lease. */
  async function pause(nodes: readonly LineProcess[], other: LineProcess): Promise<void> {
    const isFailed = ({ event, status }: JsonLine): boolean =>
      event === 'member' && status === 'failed'
    const failed = (): number => other.json.filter(isFailed).length
    const before = failed()
    const areFailed = other.nextJsonLine(() => failed() === before + nodes.length)
    for (const node of nodes) node.kill('SIGSTOP')
    await areFailed
    for (const node of nodes) node.kill('SIGCONT')
  }

  async function recordsEachOnce(stopsWorker: boolean): Promise<void> {
    const flags = ['--jobs', '-', '--exit-when-done', '--lease', '1s', '--slots', '1']
    const network = await programs.master(flags)
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    const two = await programs.worker(network, 'two', ['--slots', '2'])
    await two.jsonLine(
      ({ event, status, name }) => event === 'member' && status === 'alive' && name === 'one'
    )
    const gate = join(programs.folder(), 'gate')
    const tasks = Array.from({ length: TASKS }, (_, at) => `sleep 0.1; echo ${at + 1}\n`)
    // The first one lasts until the pause is over, however slow this machine is.
    tasks[0] = `until [ -e ${gate} ]; do sleep 0.05; done; echo 1\n`
    master.child.stdin.end(tasks.join(''))
    await master.jsonLine(({ event, name }) => event === 'started' && name === 'one')
    await pause(stopsWorker ? [master, one] : [master], two)
    writeFileSync(gate, '')
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const results = master.json.filter(({ event }) => event === 'result')
    expect(results.map(({ task }) => Number(task)).toSorted((a, b) => a - b)).to.deep.equal(
      Array.from({ length: TASKS }, (_, at) => at + 1)
    )
    for (const { state, task, stdout } of results) {
      expect({ state, stdout }).to.deep.equal({ state: 'finished', stdout: `${String(task)}\n` })
    }
  }

  it('record each task once: the master', async () => {
    await recordsEachOnce(false)
  })

  it('record each task once: the master and a worker of it, together', async () => {
    await recordsEachOnce(true)
  })
})
