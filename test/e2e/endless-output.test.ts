/** A task that prints gigabytes. */
import { join } from 'node:path'
import { expect } from 'chai'
import { ControlClient } from '../../src/control/control-client.ts'
import { CONTROL_NEWEST, CONTROL_OLDEST } from '../../src/control/messages.ts'
import { RemoteJobs } from '../../src/node/remote-jobs.ts'
import { SPEC } from '../support/machines.ts'
import { jsonLinesOf } from '../support/outcomes.ts'
import { Programs } from '../support/program.ts'

/** More than a message holds. */
const OUTPUT_BYTES = 5_000_000
const VERSIONS = { oldest: CONTROL_OLDEST, newest: CONTROL_NEWEST, program: 'test' }

describe('a task that prints without end', function () {
  this.timeout(60_000)
  const programs = new Programs()

  afterEach(() => programs.end())

  it('is ended, keeps what it may print, and says why', async () => {
    const { home } = await programs.master(['--slots', '1'])
    const path = join(home, 'control.sock')
    const client = await ControlClient.connect({ path, versions: VERSIONS })
    const spec = { ...SPEC, command: 'yes {}', directory: '/', outputBytesMax: OUTPUT_BYTES }
    const inputs = [new Uint8Array(Buffer.from('no'))]
    const job = await new RemoteJobs(client).submitWhole(spec, { priority: 0, retries: 0 }, inputs)
    client.close()
    expect((await programs.run(['wait', String(job), '--fail'], { home })).code).to.equal(1)
    const { stdout } = await programs.run(['job', String(job), '--json'], { home })
    const [task] = jsonLinesOf(stdout).filter(({ event }) => event === 'task')
    expect(task).to.include({ state: 'failed', stdoutBytes: OUTPUT_BYTES })
    expect(task?.['reason']).to.match(new RegExp(`printed more than the ${OUTPUT_BYTES} bytes`))
    const kept = await programs.run(['cat', `${job}.1`, 'stdout'], { home })
    expect(kept.stdout.replaceAll('no\n', '')).to.have.length.below('no\n'.length)
    expect(kept.stdout).to.have.length(OUTPUT_BYTES)
  })
})
