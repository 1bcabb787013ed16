import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JobChange, JobView, TaskView } from '../../../../src/core/job-views.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { attachCommand } from '../../../../src/cli/commands/attach.ts'
import { catCommand, namedOutput, printOutput } from '../../../../src/cli/commands/cat.ts'
import { cancelCommand, cancelJobs } from '../../../../src/cli/commands/cancel.ts'
import { drainWorkers } from '../../../../src/cli/commands/drain.ts'
import { explainCommand, explainJob, namedJobOrTask } from '../../../../src/cli/commands/explain.ts'
import { forgetCommand, forgetJobs } from '../../../../src/cli/commands/forget.ts'
import { jobCommand, showJob } from '../../../../src/cli/commands/job.ts'
import { jobsCommand, listJobs } from '../../../../src/cli/commands/jobs.ts'
import { logsCommand, printLogs } from '../../../../src/cli/commands/logs.ts'
import { retryCommand, retryJobs } from '../../../../src/cli/commands/retry.ts'
import { waitCommand, waitForJobs } from '../../../../src/cli/commands/wait.ts'
import { namedJobs, namedTasks } from '../../../../src/cli/remote-command.ts'
import { parseAnySelector } from '../../../../src/cli/selector.ts'
import type { Operands } from '../../../../src/cli/command.ts'
import type { RemoteJobs } from '../../../../src/node/remote-jobs.ts'
import { aJobView } from '../../../support/control-messages.ts'
import { expectDocumented, jsonLinesOf } from '../../../support/outcomes.ts'
import { aContext, rejectionOf } from '../support.ts'
import type { TestContext } from '../support.ts'

const JOB = 5 as JobId

function words(...typed: string[]): Operands {
  return { command: '', inputs: undefined, words: typed }
}

const jobsOf = (text: string) => namedJobs(words(text))
const tasksOf = (text: string) => namedTasks(words(text))

async function* each<Item>(...items: readonly Item[]): AsyncGenerator<Item, void, undefined> {
  await Promise.resolve()
  yield* items
}

function change(job: number, what: JobChange['change'], more: Partial<JobChange> = {}): JobChange {
  return { job: job as JobId, change: what, newJob: undefined, tasks: 1, ...more }
}

const summary = {
  ...{ outcome: 'success' as const, reason: '', exitCode: 0, signal: undefined },
  ...{ startedAt: 1, runtimeMs: 2, stdoutBytes: 4, stderrBytes: 4, endedAt: 5 }
}
const task: TaskView = {
  ...{ task: 1, state: 'finished', input: Buffer.from('arg'), attempt: 1 },
  ...{ worker: undefined, name: 'lab', result: summary }
}
const tasks: readonly TaskView[] = [
  task,
  { ...task, task: 2, state: 'running', result: undefined },
  {
    ...{ ...task, task: 3, state: 'aborted' },
    result: { ...summary, exitCode: undefined, reason: 'lost five\x1b workers' }
  }
]

/** Job 5 with three tasks, which print `out1` and `err1`, and so on. */
const jobFive: Pick<RemoteJobs, 'jobs' | 'tasks' | 'bytes' | 'setbacks' | 'results' | 'live'> = {
  results: () => each(),
  live: () => each(),
  jobs: () => each(aJobView),
  tasks: ({ from, limit, states }) =>
    each(
      ...tasks
        .filter((each) => each.task >= from)
        .filter(({ state }) => states.length === 0 || states.some((other) => other === state))
        .slice(0, limit)
    ),
  bytes: (_job, number, part) => each(Buffer.from(part.slice(3)), Buffer.from(`${number}\n`)),
  setbacks: () =>
    each({ job: JOB, task: 2, attempt: 1, worker: undefined, name: 'lab', reason: 'gone', at: 1 })
}

describe('commands about jobs', () => {
  let context: TestContext
  beforeEach(() => (context = aContext()))

  const json = <Flags extends object>(flags: Flags) => ({ ...flags, json: true })

  it('say that no master runs in this home, and what to do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-commands-'))
    const there = { ...context, env: { P2PJOBS_HOME: folder } }
    const running = jobsCommand.run({ json: false }, there, words())
    expect(await rejectionOf(running)).to.match(
      /^NO_DAEMON: .*start one with `p2pjobs node --master`/
    )
    rmSync(folder, { recursive: true })
  })

  it('say what is wrong with them before they look for a master', async () => {
    const there = { ...context, env: { P2PJOBS_HOME: '/proc/nowhere' } }
    const flags = { follow: false, tag: false, keepOrder: false, onInterrupt: 'detach' }
    const mistakes: readonly (readonly [Promise<number>, RegExp])[] = [
      [jobsCommand.run({ json: false }, there, words('x')), /'x' does not name jobs/],
      [jobsCommand.run({ json: false }, there, words('1', '2')), /unexpected '2'/],
      [jobCommand.run({ failed: false, limit: 1, json: false }, there, words()), /name ID/],
      [logsCommand.run({ ...flags, json: false }, there, words('x')), /'x' does not name a job/],
      [catCommand.run({}, there, words('1', 'foo')), /'foo' is no output/],
      [catCommand.run({}, there, words('1')), /name stdout or stderr/],
      [attachCommand.run({ ...flags, json: false }, there, words('1.2')), /a whole job/],
      [waitCommand.run({ fail: false, timeout: 1, json: false }, there, words()), /name SELECTOR/],
      [cancelCommand.run({ reason: '', json: false }, there, words('1.')), /'1.' does not name/],
      [retryCommand.run({ failed: false, json: false }, there, words('1', '2')), /unexpected '2'/],
      [forgetCommand.run({ json: false }, there, words('0')), /'0' does not name jobs/],
      [explainCommand.run({ json: false }, there, words('5.1-2')), /names several tasks/]
    ]
    for (const [running, problem] of mistakes) {
      const said = await rejectionOf(running)
      expect(said).to.match(/^USAGE: /)
      expect(said).to.match(problem)
    }
  })

  it('list jobs', async () => {
    const asked: unknown[] = []
    const jobs = {
      jobs: (selection: unknown) => {
        asked.push(selection)
        return each(aJobView)
      }
    }
    expect(await listJobs(jobs, { json: false }, context, { type: 'all' })).to.equal(0)
    expect(context.written.stdout).to.match(/^ID +NAME[^]*\n5 +night +running +26\/36\+/)
    await listJobs(jobs, { json: true }, (context = aContext()), jobsOf('1-3'))
    expectDocumented(jsonLinesOf(context.written.stdout))
    expect(asked).to.deep.equal([{ type: 'all' }, { type: 'ranges', ranges: [[1, 3]] }])
    await listJobs({ jobs: () => each() }, { json: false }, (context = aContext()), jobsOf('all'))
    expect(context.written).to.deep.equal({ stdout: '', stderr: 'p2pjobs: there are no jobs\n' })
  })

  it('show a job with its tasks and what came to nothing', async () => {
    const flags = { failed: false, limit: 100, json: false }
    await showJob(jobFive, flags, context, tasksOf('5'))
    const { stdout } = context.written
    expect(stdout).to.match(/^job 5: night\n/)
    expect(stdout).to.match(/\n2 +running +1 +lab +arg\n/)
    expect(stdout).to.match(/\n3 +aborted[^\n]*lost five\\x1b workers\n/)
    expect(stdout).to.match(/came to nothing:\n {2}5\.2 attempt 1 on lab: gone\n$/)
    await showJob(jobFive, { ...flags, limit: 2 }, (context = aContext()), tasksOf('5'))
    expect(context.written.stdout).not.to.match(/aborted +1/)
    expect(context.written.stderr).to.match(/only the first 2 tasks are shown/)
    await showJob(jobFive, { ...flags, failed: true }, (context = aContext()), tasksOf('5.1-3'))
    expect(context.written.stdout).to.match(/REASON\n3 [^\n]*\n\n/)
    await showJob(jobFive, json(flags), (context = aContext()), tasksOf('5.1'))
    const lines = jsonLinesOf(context.written.stdout)
    expectDocumented(lines)
    expect(lines.map(({ event }) => event)).to.deep.equal(['job', 'task'])
    expect(await rejectionOf(showJob(jobFive, flags, context, tasksOf('5.9')))).to.match(
      /NOT_FOUND/
    )
  })

  it('print what ended tasks printed, and what is to be said for them', async () => {
    await printLogs(jobFive, { follow: false, tag: false, json: false }, context, tasksOf('5'))
    expect(context.written.stdout).to.equal('out1\nout3\n')
    expect(context.written.stderr).to.equal(
      'err1\nerr3\np2pjobs: task 5.3 aborted on lab: lost five\\x1b workers\n'
    )
    await printLogs(
      jobFive,
      { follow: false, tag: true, json: false },
      (context = aContext()),
      tasksOf('last.1,2')
    )
    expect(context.written).to.deep.equal({ stdout: 'arg\tout1\n', stderr: 'arg\terr1\n' })
    await printLogs(
      jobFive,
      { follow: false, tag: false, json: true },
      (context = aContext()),
      tasksOf('5')
    )
    const lines = jsonLinesOf(context.written.stdout)
    expectDocumented(lines)
    expect(lines.map(({ stdout }) => stdout)).to.deep.equal(['out1\n', 'out3\n'])
  })

  it('print one output as it is', async () => {
    await printOutput(jobFive, {}, context, namedOutput(words('5', 'stdout')))
    await printOutput(jobFive, {}, context, namedOutput(words('5.3', 'stderr')))
    expect(context.written).to.deep.equal({ stdout: 'out1\nout3\nerr3\n', stderr: '' })
  })

  it('wait, and tell by the exit status whether all succeeded', async () => {
    const ended: JobView = { ...aJobView, state: 'failed', isOpen: false }
    const jobs = { wait: () => each(ended) }
    const flags = { fail: false, timeout: undefined, json: false }
    expect(await waitForJobs(jobs, flags, context, jobsOf('5'))).to.equal(0)
    expect(context.written.stderr).to.match(/^p2pjobs: job 5 failed: 21 of 36/)
    expect(await waitForJobs(jobs, { ...flags, fail: true }, context, jobsOf('5'))).to.equal(1)
    context = aContext()
    expect(await waitForJobs(jobs, json({ ...flags, fail: true }), context, jobsOf('5'))).to.equal(
      1
    )
    expectDocumented(jsonLinesOf(context.written.stdout))
  })

  it('wait no longer than they may', async () => {
    const jobs: Pick<RemoteJobs, 'wait'> = {
      async *wait(_selection, signal) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        yield* each<JobView>()
        signal.throwIfAborted()
      }
    }
    const flags = { fail: false, timeout: 1, json: false }
    expect(await rejectionOf(waitForJobs(jobs, flags, context, jobsOf('5')))).to.match(/^TIMEOUT/)
  })

  it('cancel jobs, and tasks of one', async () => {
    const asked: unknown[] = []
    const jobs: Pick<RemoteJobs, 'cancel'> = {
      cancel: (...args) => {
        asked.push(args)
        return each(change(1, 'canceled', { tasks: 3 }), change(2, 'has ended', { tasks: 0 }))
      }
    }
    const flags = { reason: 'enough', json: false }
    expect(await cancelJobs(jobs, flags, context, parseAnySelector('1-2'))).to.equal(0)
    expect(context.written.stderr).to.equal(
      'p2pjobs: canceled job 1: 3 tasks\np2pjobs: job 2 has ended already\n'
    )
    await cancelJobs(jobs, json(flags), (context = aContext()), parseAnySelector('5.2-9'))
    expectDocumented(jsonLinesOf(context.written.stdout))
    expect(asked).to.deep.equal([
      [{ type: 'ranges', ranges: [[1, 2]] }, 'enough', undefined],
      [{ type: 'ranges', ranges: [[5, 5]] }, 'enough', [[2, 9]]]
    ])
  })

  it('retry jobs: new ids to stdout, what was not done to stderr', async () => {
    const flags = { failed: true, json: false }
    const done = change(1, 'retried', { newJob: 8 as JobId })
    const none = change(2, 'retried', { tasks: 0 })
    expect(
      await retryJobs({ retry: () => each(done, none) }, flags, context, jobsOf('1-2'))
    ).to.equal(0)
    expect(context.written).to.deep.equal({
      stdout: '8\n',
      stderr: 'p2pjobs: job 2 has no tasks to retry\n'
    })
    const early = { retry: () => each(done, change(3, 'has not ended')) }
    expect(await retryJobs(early, flags, aContext(), jobsOf('all'))).to.equal(0)
    expect(await retryJobs(early, json(flags), (context = aContext()), jobsOf('1,3'))).to.equal(1)
    expectDocumented(jsonLinesOf(context.written.stdout))
  })

  it('forget jobs', async () => {
    const jobs = { forget: () => each(change(1, 'forgotten'), change(2, 'has not ended')) }
    expect(await forgetJobs(jobs, { json: false }, context, jobsOf('1-2'))).to.equal(1)
    expect(context.written.stderr).to.equal(
      'p2pjobs: forgot job 1\n' +
        'p2pjobs: job 2 has not ended, and is left alone; wait for it or cancel it first\n'
    )
    expect(await forgetJobs(jobs, { json: false }, context, jobsOf('all'))).to.equal(0)
  })

  it('drain a worker and take it back', async () => {
    const worker = { worker: '12D3KooWlab' as never, name: 'lab\n', slots: 2, held: 1 }
    const jobs = { drain: () => each({ ...worker, isConnected: true, isDraining: true }) }
    await drainWorkers(jobs, { worker: 'lab', undo: false, json: false }, context)
    await drainWorkers(jobs, { worker: 'lab', undo: true, json: false }, context)
    expect(context.written.stderr).to.equal(
      'p2pjobs: lab\\n gets no more work; it has 1 task\np2pjobs: lab\\n gets work again\n'
    )
    await drainWorkers(jobs, { worker: 'lab', undo: false, json: true }, context)
    expectDocumented(jsonLinesOf(context.written.stdout))
  })

  it('explain a job or a task', async () => {
    const asked: unknown[] = []
    const jobs: Pick<RemoteJobs, 'jobs' | 'explain'> = {
      jobs: () => each(aJobView),
      explain: (...args) => {
        asked.push(args)
        return each({ code: 'no-worker', text: 'no \x1bworker' })
      }
    }
    await explainJob(jobs, { json: false }, context, namedJobOrTask(words('last.2')))
    expect(context.written.stdout).to.equal('no \\x1bworker\n')
    await explainJob(jobs, { json: true }, (context = aContext()), namedJobOrTask(words('9')))
    expectDocumented(jsonLinesOf(context.written.stdout))
    expect(asked).to.deep.equal([
      [5, 2],
      [9, undefined]
    ])
  })
})
