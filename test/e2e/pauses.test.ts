/** A master that is stopped for longer than its leases last, and continued: a closed laptop. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'

const TASKS = 60

describe('a master that is stopped past its leases and continued', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  /** Stops the master until a worker has given it up, which takes longer than the lease. */
  async function pause(master: LineProcess, worker: LineProcess): Promise<void> {
    const failed = worker.nextJsonLine(
      ({ event, status }) => event === 'member' && status === 'failed'
    )
    master.kill('SIGSTOP')
    await failed
    master.kill('SIGCONT')
  }

  it('records each task once', async () => {
    const flags = ['--jobs', '-', '--exit-when-done', '--lease', '1s', '--slots', '1']
    const network = await programs.master(flags)
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    await programs.worker(network, 'two', ['--slots', '2'])
    const gate = join(programs.folder(), 'gate')
    const tasks = Array.from({ length: TASKS }, (_, at) => `sleep 0.1; echo ${at + 1}\n`)
    // The first one lasts until the pause is over, however slow this machine is.
    tasks[0] = `until [ -e ${gate} ]; do sleep 0.05; done; echo 1\n`
    master.child.stdin.end(tasks.join(''))
    await master.jsonLine(({ event, name }) => event === 'started' && name === 'one')
    await pause(master, one)
    writeFileSync(gate, '')
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const results = master.json.filter(({ event }) => event === 'result')
    expect(results.map(({ task }) => Number(task)).toSorted((a, b) => a - b)).to.deep.equal(
      Array.from({ length: TASKS }, (_, at) => at + 1)
    )
    for (const { state, task, stdout } of results) {
      expect({ state, stdout }).to.deep.equal({ state: 'finished', stdout: `${String(task)}\n` })
    }
  })
})
