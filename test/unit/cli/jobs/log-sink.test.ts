import { expect } from 'chai'
import type { ResultSummary, TaskView } from '../../../../src/core/job-views.ts'
import type { JobId, NodeId } from '../../../../src/core/types.ts'
import { endLine, logSink } from '../../../../src/cli/jobs/log-sink.ts'
import type { TaskSink } from '../../../../src/cli/jobs/follow-logs.ts'
import { expectDocumented, jsonLinesOf } from '../../../support/outcomes.ts'
import { aContext } from '../support.ts'
import type { TestContext } from '../support.ts'

const JOB = 5 as JobId

function anEnd(more: Partial<TaskView> = {}, summary: Partial<ResultSummary> = {}): TaskView {
  const result: ResultSummary = {
    ...{ outcome: 'success', reason: '', exitCode: 0, signal: undefined },
    ...{ startedAt: 1, runtimeMs: 2, stdoutBytes: 4, stderrBytes: 4, endedAt: 5 },
    ...summary
  }
  return {
    ...{ task: 1, state: 'finished', input: Buffer.from('arg'), attempt: 1 },
    ...{ worker: 'peer' as NodeId, name: 'lab', result },
    ...more
  }
}

describe('the sink of logs -f', () => {
  let context: TestContext
  beforeEach(() => (context = aContext()))

  interface Kind {
    readonly isTagged?: boolean
    readonly isJson?: boolean
  }

  function sink(task: number, { isTagged = false, isJson = false }: Kind = {}): TaskSink {
    const tagOf = (each: number) => Promise.resolve(Buffer.from(`arg${each}`))
    return logSink({ context, job: JOB, isJson, tagOf: isTagged ? tagOf : undefined }, task)
  }

  const bytes = (text: string): Uint8Array => Buffer.from(text)

  it('prints whole lines, so that those of several tasks do not get mixed', async () => {
    const [one, two] = [sink(1), sink(2)]
    await one.write('stdout', bytes('a1\na'), 1)
    await two.write('stdout', bytes('b'), 1)
    await one.write('stdout', bytes('2\n'), 1)
    await two.write('stdout', bytes('1\nb2\n'), 1)
    expect(context.written.stdout).to.equal('a1\na2\nb1\nb2\n')
  })

  it('keeps stdout and stderr apart', async () => {
    const one = sink(1)
    await one.write('stdout', bytes('out'), 1)
    await one.write('stderr', bytes('err\n'), 1)
    await one.write('stdout', bytes('put\n'), 1)
    expect(context.written).to.deep.equal({ stdout: 'output\n', stderr: 'err\n' })
  })

  it('prints what is behind the last line when the task has ended', async () => {
    const one = sink(1)
    await one.write('stdout', bytes('a\nno newline'), 1)
    expect(context.written.stdout).to.equal('a\n')
    await one.end(anEnd())
    expect(context.written).to.deep.equal({ stdout: 'a\nno newline', stderr: '' })
  })

  it('does not hold back a line without end', async () => {
    const one = sink(1)
    const part = 'x'.repeat(60_000)
    await one.write('stdout', bytes(part), 1)
    expect(context.written.stdout).to.equal('')
    await one.write('stdout', bytes(part), 1)
    expect(context.written.stdout).to.equal(part + part)
    await one.write('stdout', bytes('end\n'), 1)
    expect(context.written.stdout).to.equal(`${part}${part}end\n`)
  })

  it('tags every line once, also a long one and that without end', async () => {
    const [one, two] = [sink(1, { isTagged: true }), sink(2, { isTagged: true })]
    const long = 'x'.repeat(70_000)
    await one.write('stdout', bytes(long), 1)
    await one.write('stdout', bytes('y\nz'), 1)
    await two.write('stderr', bytes('b\n'), 1)
    await one.end(anEnd())
    expect(context.written).to.deep.equal({
      stdout: `arg1\t${long}y\narg1\tz`,
      stderr: 'arg2\tb\n'
    })
  })

  it('says once that a task begins again, and forgets the line it was in', async () => {
    const one = sink(1)
    await one.write('stdout', bytes('first\nhal'), 1)
    one.again('stderr', 2)
    one.again('stdout', 2)
    await one.write('stdout', bytes('first\n'), 2)
    one.again('stdout', 3)
    expect(context.written.stdout).to.equal('first\nfirst\n')
    expect(context.written.stderr).to.equal(
      'p2pjobs: task 5.1 begins again: attempt 2\np2pjobs: task 5.1 begins again: attempt 3\n'
    )
  })

  it('says why a task has no success, unless it says so itself', async () => {
    await sink(1).end(anEnd({ state: 'failed' }, { reason: 'exit status 1', exitCode: 1 }))
    expect(context.written.stderr).to.equal('')
    const killed = { reason: 'killed\x1b', exitCode: undefined }
    await sink(1).end(anEnd({ state: 'failed' }, killed))
    expect(context.written.stderr).to.equal('p2pjobs: task 5.1 failed on lab: killed\\x1b\n')
    const never = { worker: undefined, name: '', state: 'canceled' } as const
    const line = endLine(JOB, anEnd(never, { reason: 'enough', exitCode: undefined }))
    expect(line).to.equal('p2pjobs: task 5.1 canceled: enough\n')
  })

  it('prints JSON as it comes, and how the task has ended', async () => {
    const one = sink(1, { isJson: true })
    await one.write('stdout', bytes('no line'), 1)
    one.again('stdout', 2)
    await one.write('stderr', Buffer.from([0xff]), 2)
    await one.end(anEnd({ attempt: 2 }))
    const lines = jsonLinesOf(context.written.stdout)
    expectDocumented(lines)
    const head = { event: 'output', job: 5, task: 1 }
    expect(lines.slice(0, 2)).to.deep.equal([
      { ...head, attempt: 1, stream: 'stdout', text: 'no line' },
      { ...head, attempt: 2, stream: 'stderr', textBase64: '/w==' }
    ])
    expect(lines[2]).to.include({ event: 'task', job: 5, state: 'finished', attempt: 2 })
    expect(context.written.stderr).to.equal('')
  })
})
