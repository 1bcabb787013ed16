import { Readable } from 'node:stream'
import { expect } from 'chai'
import { P2pJobsError } from '../../../../src/core/errors.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { submissionOf, submit, submitCommand } from '../../../../src/cli/commands/submit.ts'
import type { SubmitJobs } from '../../../../src/cli/commands/submit.ts'
import { submitTable } from '../../../../src/cli/job-tables.ts'
import { settle } from '../../../../src/cli/settle.ts'
import type { Operands } from '../../../../src/cli/command.ts'
import type { RemoteJobs } from '../../../../src/node/remote-jobs.ts'
import { expectDocumented, jsonLinesOf } from '../../../support/outcomes.ts'
import { aContext, rejectionOf } from '../support.ts'
import type { TestContext } from '../support.ts'

const JOB = 5 as JobId

describe('p2pjobs submit', () => {
  const flags = {
    ...settle(submitTable, new Map(), new Map()),
    ...{ file: undefined, name: 'night', slots: 2, timeout: 1_000, retries: 3 },
    ...{ env: ['LANG', 'UNSET'], json: false }
  }

  /** Jobs that take everything down. */
  class Taken {
    readonly whole: unknown[] = []
    readonly batches: number[] = []
    hasEnded = false
    readonly resumeFeed = () => Promise.reject(new Error('nothing broke'))

    readonly submitWhole = (...args: Parameters<RemoteJobs['submitWhole']>) => {
      this.whole.push(args)
      return Promise.resolve(JOB)
    }

    readonly submit = () => {
      const feed = {
        job: JOB,
        tasks: 0,
        add: (inputs: readonly unknown[]) => {
          this.batches.push(inputs.length)
          feed.tasks += inputs.length
          return Promise.resolve()
        },
        close: () => {
          this.hasEnded = true
          return Promise.resolve()
        },
        [Symbol.asyncDispose]: () => Promise.resolve()
      }
      return Promise.resolve(feed as unknown as Awaited<ReturnType<RemoteJobs['submit']>>)
    }
  }

  async function submitted(
    jobs: SubmitJobs,
    given: Parameters<typeof submissionOf>[1],
    context: TestContext,
    operands: Operands
  ): Promise<number> {
    return await submit(jobs, given, context, submissionOf(operands, given, context))
  }

  it('submits arguments with everything that was said about them', async () => {
    const jobs = new Taken()
    const context = { ...aContext(), env: { LANG: 'C' } }
    const operands = { command: 'echo {}', inputs: ['a', 'b'] }
    expect(await submitted(jobs, flags, context, operands)).to.equal(0)
    expect(context.written).to.deep.equal({ stdout: '5\n', stderr: '' })
    const [[spec, options, inputs]] = jobs.whole as [[object, object, Uint8Array[]]]
    expect(spec).to.deep.include({
      ...{ kind: 'shell', command: 'echo {}', directory: process.cwd() },
      ...{ environment: { LANG: 'C' }, timeoutMs: 1_000, slotsMax: 2 }
    })
    expect(options).to.deep.include({ name: 'night', retries: 3, priority: 0 })
    expect(options).to.have.property('submitter')
    expect(inputs.map((input) => Buffer.from(input).toString())).to.deep.equal(['a', 'b'])
  })

  it('submits when, where and beside what its tasks are to run', async () => {
    const jobs = new Taken()
    const scheduling = { as: 'ann', cpus: 2, require: ['gpu'], after: ['3'], maxFails: '10%' }
    const operands = { command: 'echo {}', inputs: ['a'] }
    await submitted(jobs, { ...flags, ...scheduling }, aContext(), operands)
    const [[spec, options]] = jobs.whole as [[object, object]]
    expect(spec).to.deep.include({ amounts: { cpus: 2 } })
    expect(options).to.deep.include({
      ...{ submitter: 'ann', requires: [{ label: 'gpu' }], failsMax: { percent: 10 } },
      after: [{ job: 3, needs: 'ok' }]
    })
  })

  it('submits lines of stdin, and commands of a file', async () => {
    const jobs = new Taken()
    const lines = (text: string) => ({ ...aContext(), stdin: Readable.from([Buffer.from(text)]) })
    await submitted(jobs, flags, lines('a\nb\nc\n'), { command: 'echo', inputs: undefined })
    const context = lines('# no\ntrue\n\nfalse\n')
    const operands = { command: '', inputs: undefined }
    await submitted(jobs, { ...flags, file: '-', json: true }, context, operands)
    const counts = (jobs.whole as [unknown, unknown, unknown[]][]).map(([, , { length }]) => length)
    expect(counts).to.deep.equal([3, 2])
    const printed = jsonLinesOf(context.written.stdout)
    expectDocumented(printed)
    expect(printed).to.deep.equal([{ event: 'submitted', job: 5, tasks: 2 }])
  })

  it('says what is wrong with it before it looks for a master', async () => {
    const there = { ...aContext(), env: { P2PJOBS_HOME: '/proc/nowhere' } }
    const operands = { command: 'x', inputs: ['a'] }
    const both = submitCommand.run({ ...flags, file: '-' }, there, operands)
    expect(await rejectionOf(both)).to.match(/USAGE: .*--file has the commands/)
    const backwards = submitCommand.run({ ...flags, backoff: 'fixed:1s:2s' }, there, operands)
    expect(await rejectionOf(backwards)).to.match(/USAGE: .*--backoff/)
  })

  it('submits what is long bit by bit', async () => {
    const jobs = new Taken()
    const stdin = Readable.from(Array.from({ length: 10 }, () => Buffer.from('x\n'.repeat(1_000))))
    const context = { ...aContext(), stdin }
    await submitted(jobs, flags, context, { command: 'echo', inputs: undefined })
    expect(jobs.whole).to.deep.equal([])
    expect(jobs.batches.reduce((sum, count) => sum + count)).to.equal(10_000)
    expect(jobs.batches.length).to.be.above(2)
    expect(jobs.hasEnded).to.equal(true)
    expect(context.written.stdout).to.equal('5\n')
  })

  it('submits nothing when it is stopped before all is read', async () => {
    const jobs = new Taken()
    const stopping = new AbortController()
    const stdin = new Readable({ read: () => undefined })
    stdin.push('a\n')
    const context = { ...aContext(), stdin, stopping: stopping.signal }
    const submitting = submitted(jobs, flags, context, { command: 'echo', inputs: undefined })
    stopping.abort()
    expect(await rejectionOf(submitting)).to.match(/^CANCELED/)
    expect([jobs.whole, jobs.batches]).to.deep.equal([[], []])
    stdin.destroy()
  })

  it('hands on why a job is not taken', async () => {
    const full = new P2pJobsError('JOURNAL_FULL', 'the disk is nearly full')
    const { submit: open, resumeFeed } = new Taken()
    const jobs = { submit: open, resumeFeed, submitWhole: () => Promise.reject(full) }
    const submitting = submitted(jobs, flags, aContext(), { command: 'x', inputs: ['a'] })
    expect(await rejectionOf(submitting)).to.match(/^JOURNAL_FULL/)
  })
})
