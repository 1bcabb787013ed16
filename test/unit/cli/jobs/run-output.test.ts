import { mock } from 'node:test'
import { expect } from 'chai'
import { expectDocumented } from '../../../support/outcomes.ts'
import type { JsonLine } from '../../../support/line-process.ts'
import type { MasterNotice } from '../../../../src/core/master/events.ts'
import { Progress } from '../../../../src/cli/jobs/progress.ts'
import { Publication } from '../../../../src/cli/jobs/publish.ts'
import { runOutput } from '../../../../src/cli/jobs/run-output.ts'
import type { RunOutput } from '../../../../src/cli/jobs/run-output.ts'
import { aContext } from '../support.ts'
import type { TestContext } from '../support.ts'
import { aSettled, inChunks, JOB, LAB, notice } from './support.ts'

const ERASE = '\r\x1b[K'

describe('runOutput', () => {
  let context: TestContext
  let publication: Publication
  let progress: Progress

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
  })

  afterEach(() => {
    progress.stop()
    mock.timers.reset()
  })

  function output(flags: { json?: boolean; tag?: boolean; isTerminal?: boolean }): RunOutput {
    const { json = false, tag = false, isTerminal = false } = flags
    context = aContext({ stdin: false, stdout: isTerminal, stderr: isTerminal })
    const print = (): Promise<void> => Promise.resolve()
    const options = { priority: 0, retries: 0 }
    publication = new Publication({ spec: {} as never, options, keepOrder: false, print })
    progress = new Progress(context, () => 'progress')
    return runOutput({ json, tag }, context, publication, progress)
  }

  describe('for people', () => {
    it('is what tasks print, as it is', async () => {
      const printed = output({})
      await printed.print(aSettled({ text: { stdout: 'one\ntwo', stderr: 'why' } }), inChunks)
      expect(context.written).to.deep.equal({ stdout: 'one\ntwo', stderr: 'why' })
    })

    it('begins every line with the argument with --tag', async () => {
      const printed = output({ tag: true })
      await printed.print(aSettled({ text: { stdout: 'one\ntwo\n', stderr: 'why\n' } }), inChunks)
      expect(context.written).to.deep.equal({
        stdout: 'argument\tone\nargument\ttwo\n',
        stderr: 'argument\twhy\n'
      })
    })

    it('says nothing of a command that failed by itself: it has said why', async () => {
      const text = { outcome: 'failure', reason: 'exit status 3', exitCode: 3 } as const
      await output({}).print(aSettled({ state: 'failed', text }), inChunks)
      expect(context.written.stderr).to.equal('')
    })

    it('says why a task failed that cannot have said it', async () => {
      const printed = output({})
      const reason = 'killed by SIGKILL'
      const text = { outcome: 'failure', reason, exitCode: undefined, signal: 'SIGKILL' } as const
      await printed.print(aSettled({ state: 'failed', text }), inChunks)
      const slow = { outcome: 'timeout', reason: 'too long' } as const
      await printed.print(aSettled({ task: 2, state: 'failed', text: slow }), inChunks)
      expect(context.written.stderr).to.equal(
        'p2pjobs: task 1 failed on lab: killed by SIGKILL\np2pjobs: task 2 failed on lab: too long\n'
      )
    })

    it('takes the progress line away for output, and brings it back after whole lines', async () => {
      const printed = output({ isTerminal: true })
      mock.timers.tick(200)
      await printed.print(aSettled({ text: { stdout: 'no end' } }), inChunks)
      mock.timers.tick(1_000)
      expect(context.written).to.deep.equal({
        stdout: 'no end',
        stderr: `${ERASE}progress${ERASE}`
      })
      await printed.print(aSettled({ text: { stdout: 'the end\n' } }), inChunks)
      mock.timers.tick(200)
      expect(context.written.stderr).to.equal(`${ERASE}progress${ERASE}${ERASE}progress`)
    })
  })

  describe('for programs', () => {
    const lines = (): JsonLine[] =>
      context.written.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as JsonLine)

    it('is one documented event for everything that happens', async () => {
      const printed = output({ json: true })
      const notices: readonly MasterNotice[] = [
        notice.joined(),
        notice.dispatched(1, 2),
        { type: 'started', worker: LAB, attempts: [{ job: JOB, task: 1, attempt: 1 }] },
        notice.setback(1, 'exit status 1'),
        { type: 'resting', worker: LAB, name: 'lab', restMs: 1_000 },
        notice.parted()
      ]
      for (const each of notices) {
        if (each.type === 'joined') publication.onNotice(each)
        printed.onNotice?.(each)
      }
      await printed.print(aSettled({}), inChunks)
      await printed.end?.()
      expectDocumented(lines())
      const worker = { event: 'worker', worker: LAB, name: 'lab' }
      const attempt = { task: 1, attempt: 1, worker: LAB, name: 'lab' }
      expect(lines().filter(({ event }) => event !== 'result')).to.deep.equal([
        { ...worker, status: 'joined', slots: 1 },
        { event: 'dispatched', ...attempt },
        { event: 'dispatched', ...attempt, task: 2 },
        { event: 'started', ...attempt },
        { event: 'retry', ...attempt, reason: 'exit status 1', delayMs: 0 },
        { ...worker, status: 'resting', restMs: 1_000 },
        { ...worker, status: 'parted', reason: 'left' },
        { event: 'end', finished: 0, failed: 0, canceled: 0 }
      ])
      expect(lines()[7]).to.include({ event: 'result', name: 'lab' })
      expect(context.written.stderr).to.equal('')
    })

    it('says nothing twice: a result has a line of its own', () => {
      const printed = output({ json: true })
      for (const each of [notice.settled(1), notice.ended()]) printed.onNotice?.(each)
      expect(context.written.stdout).to.equal('')
    })
  })
})
