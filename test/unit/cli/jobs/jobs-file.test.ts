import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../../src/core/errors.ts'
import { JobsFile } from '../../../../src/cli/jobs/jobs-file.ts'
import { aContext } from '../support.ts'
import { chunks, notice, settle, TestMaster } from './support.ts'

describe('JobsFile', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-jobs-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const running = new AbortController().signal

  /** Follows three tasks to their ends: one failed, one was canceled, one finished. */
  async function published(jobs: JobsFile): Promise<{ calls: string[]; failed: number }> {
    const master = new TestMaster()
    const run = jobs.run(master, running)
    // A file is read from the disk: that takes as long as it takes.
    while (!master.calls.includes('close')) await settle()
    jobs.onNotice(notice.joined())
    const states = ['failed', 'canceled', 'finished'] as const
    for (const [at, state] of states.entries()) jobs.onNotice(notice.settled(at + 1, state))
    jobs.onNotice(notice.ended())
    return { calls: master.calls, failed: await run }
  }

  const THREE = { calls: ['submit', 'add one two three', 'close'], failed: 2 }

  it('publishes the commands of a file, and counts those that did not succeed', async () => {
    const file = join(folder, 'jobs')
    writeFileSync(file, '# three\none\n\ntwo\nthree\n')
    const context = aContext()
    expect(await published(await JobsFile.open(file, false, context))).to.deep.equal(THREE)
    expect(context.written.stdout).to.equal('failed 1 on lab in 7 ms\nfinished 3 on lab in 7 ms\n')
  })

  it('takes those of stdin for -, and speaks JSON if it is to', async () => {
    const context = { ...aContext(), stdin: chunks('one\ntwo\nthree\n') }
    const jobs = await JobsFile.open('-', true, context)
    expect(await published(jobs)).to.deep.equal(THREE)
    expect(context.written.stdout).to.match(/^\{"event":"worker".*\n\{"event":"result".*\n/)
    expect(context.written.stdout).to.match(
      /\n\{"event":"end","finished":1,"failed":1,"canceled":1\}\n$/
    )
  })

  it('refuses what cannot be read before anything is started', async () => {
    for (const [file, reason] of [
      [join(folder, 'nowhere'), /no such file/],
      [folder, /is a folder/]
    ] as const) {
      const failure: unknown = await JobsFile.open(file, false, aContext()).catch((e: unknown) => e)
      expect(operatingErrorOf(failure)).to.have.property('code', 'BAD_INPUT')
      expect(failure)
        .to.have.property('message')
        .that.matches(/^cannot read --jobs: .*check the name$/)
      expect(failure).to.have.property('message').that.matches(reason)
    }
  })
})
