/** A worker on which everything fails at once, for want of what its machine should have. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { jsonLinesOf } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'

const TASKS = 100
/** Without a rest, a worker that fails at once would have nearly all of them. */
const FAILED_MAX = 75

describe('a worker on which everything fails at once', function () {
  this.timeout(90_000)
  const programs = new Programs()

  afterEach(() => programs.end())

  it('gets rests before it has drained the queue; what failed there succeeds elsewhere', async () => {
    const folder = join(programs.folder(), 'bin')
    mkdirSync(folder)
    symlinkSync('/bin/sleep', join(folder, 'its-program'))
    const PATH = `${folder}:${process.env['PATH'] ?? ''}`
    const network = await programs.master(['--in-memory', '--slots', '0'])
    await programs.worker(network, 'well', ['--slots', '1'], { PATH })
    await programs.worker(network, 'broken', ['--slots', '4'])
    const flags = ['--no-local', '--min-workers', '2', '--join', network.address, '--retries', '5']
    const { code, stdout } = await programs.run(
      ['run', '--json', ...LOOPBACK, ...flags, 'its-program'],
      { home: network.home, stdin: '0.05\n'.repeat(TASKS) }
    )
    const lines = jsonLinesOf(stdout)
    const rests = lines.filter(({ status }) => status === 'resting')
    expect(new Set(rests.map(({ name }) => name))).to.deep.equal(new Set(['broken']))
    const failed = new Set(lines.filter(({ event }) => event === 'retry').map(({ task }) => task))
    expect(failed.size).to.be.within(1, FAILED_MAX)
    expect(code).to.equal(0)
  })
})
