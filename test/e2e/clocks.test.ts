/** Wall clocks that jump while work is under way: leases are spans on a clock that does not. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { FakeClock, skipWithoutFakeClock } from '../support/fake-clock.ts'
import type { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'

const TASKS = 40

describe('clocks that jump by an hour', function () {
  this.timeout(90_000)
  let programs: Programs

  before(function () {
    skipWithoutFakeClock(this)
  })
  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  function clock(): FakeClock {
    return new FakeClock(programs.folder())
  }

  function results({ json }: LineProcess): number {
    return json.filter(({ event }) => event === 'result').length
  }

  for (const [master, worker] of [
    ['+1h', '-1h'],
    ['-1h', '+1h']
  ] as const) {
    it(`end no lease, and make none endless: ${master} at the master, ${worker} at a worker`, async () => {
      const clocks = { master: clock(), worker: clock() }
      const flags = ['--jobs', '-', '--exit-when-done', '--lease', '2s', '--slots', '0']
      const network = await programs.master(flags, { env: clocks.master.environment })
      const workers: Record<string, LineProcess> = {}
      for (const name of ['one', 'two']) {
        const words = ['--slots', '1']
        workers[name] = await programs.worker(network, name, words, clocks.worker.environment)
      }
      const gate = join(programs.folder(), 'gate')
      const lines = Array.from({ length: TASKS }, () => 'sleep 0.1\n')
      lines[0] = `until [ -e ${gate} ]; do sleep 0.05; done\n`
      network.master.child.stdin.end(lines.join(''))
      await network.master.jsonLine(() => results(network.master) >= 5)
      clocks.master.set(master)
      clocks.worker.set(worker)
      await network.master.jsonLine(() => results(network.master) >= TASKS - 1)
      expect(network.master.json.filter(({ event }) => event === 'retry')).to.deep.equal([])
      // Had its lease been made endless, the task of a dead worker would never come back.
      const first = network.master.json.find(({ event, task }) => event === 'started' && task === 1)
      await workers[String(first?.['name'])]?.stop('SIGKILL')
      writeFileSync(gate, '')
      expect(await network.master.ended).to.deep.equal({ code: 0, signal: null })
      expect(results(network.master)).to.equal(TASKS)
    })
  }
})
