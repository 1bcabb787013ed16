import { expect } from 'chai'
import type { JobView, TaskView } from '../../../src/core/job-views.ts'
import { jobStateOf } from '../../../src/core/job-views.ts'
import type { BlobId, JobId, NodeId } from '../../../src/core/types.ts'
import {
  ageOf,
  countsLine,
  endLine,
  jobLines,
  jobsAsTable,
  setbackLine,
  taskEvent,
  spanOf,
  tasksAsTable,
  titleOf,
  whereOf
} from '../../../src/cli/job-lines.ts'
import { textTable } from '../../../src/cli/text-table.ts'
import { aJobView } from '../../support/control-messages.ts'
import { SPEC } from '../../support/machines.ts'

const NONE = {
  ...{ waiting: 0, leased: 0, running: 0, retrying: 0 },
  ...{ finished: 0, failed: 0, canceled: 0, aborted: 0 }
}

const plain: JobView = {
  ...{ ...aJobView, job: 7 as JobId, state: 'finished', options: { priority: 0, retries: 0 } },
  ...{ isOpen: false, tasks: 2, counts: { ...NONE, finished: 2 }, endedAt: aJobView.submittedAt }
}

describe('jobs as text', () => {
  it('are a table, with nothing in it that a terminal obeys', () => {
    const evil = { ...aJobView, options: { ...aJobView.options, name: 'a\x1b[2Jb\n' } }
    expect(jobsAsTable([evil, plain], aJobView.submittedAt + 90_000)).to.equal(
      [
        'ID  NAME         STATE     DONE    FAILED  AGE  WHO',
        '5   a\\x1b[2Jb\\n  running   26/36+  14      1m   ann',
        '7   echo {}      finished  2/2     0       1m',
        ''
      ].join('\n')
    )
  })

  it('have a title that is short', () => {
    const spec = { ...SPEC, command: 'x'.repeat(100) }
    expect(titleOf({ ...plain, spec })).to.equal(`${'x'.repeat(39)}…`)
    expect(titleOf({ ...plain, spec: { ...SPEC, command: '' } })).to.equal('(each task its own)')
  })

  it('say how far they are', () => {
    expect(countsLine(plain)).to.equal('2: 2 finished')
    expect(countsLine({ ...plain, tasks: 0, counts: NONE })).to.equal('0')
    expect(countsLine(aJobView)).to.equal(
      '36: 3 waiting, 3 running, 4 retrying, 5 finished, 6 failed, 7 canceled, 8 aborted, more to come'
    )
    expect(endLine(plain)).to.equal('job 7 finished\n')
    expect(endLine({ ...aJobView, state: 'failed' })).to.match(/^job 5 failed: 21 of 36 tasks/)
  })

  it('show what was asked for', () => {
    const lines = jobLines(aJobView)
    expect(lines).to.match(/^job 5: night\n/)
    expect(lines).to.match(/^ {2}submitted +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d by ann$/m)
    expect(lines).to.match(/^ {2}after +ok:3, any:4$/m)
    expect(lines).to.match(/^ {2}command +echo \{\}$/m)
    expect(lines).to.match(/^ {2}hedge /m)
    expect(lines).not.to.match(/ended/)
    expect(jobLines(plain)).not.to.match(/hedge/)
    expect(jobLines(plain)).to.match(/^job 7\n[^]*^ {2}ended {2}/m)
  })

  it('have tasks that say where they ran and why they failed', () => {
    const task: TaskView = {
      ...{ task: 1, state: 'waiting', input: Buffer.from('a'), attempt: 0 },
      ...{ worker: undefined, name: '', result: undefined }
    }
    const worker = '12D3KooWabcdefgh' as NodeId
    const result = {
      ...{ outcome: 'failure' as const, reason: 'exit\x07', exitCode: 1, signal: undefined },
      ...{ startedAt: 1, runtimeMs: 1_500, stdoutBytes: 0, stderrBytes: 0, endedAt: 2 }
    }
    const large = { blob: 'ab'.repeat(32) as BlobId, bytes: 9 }
    const failed: TaskView = { ...task, task: 2, state: 'failed', attempt: 3, worker, result }
    expect(tasksAsTable([task, { ...failed, input: large }])).to.equal(
      [
        'TASK  STATE    ATTEMPT  WORKER    TIME  INPUT      REASON',
        '1     waiting                           a',
        '2     failed   3        abcdefgh  1.5s  (9 bytes)  exit\\x07',
        ''
      ].join('\n')
    )
    const older = { attempt: 1, worker: 'w' as NodeId, name: 'slow' }
    const double: TaskView = { ...task, state: 'running', attempt: 2, worker, name: 'fast', older }
    expect(tasksAsTable([double]).split('\n')[1]).to.match(/^1 +running +1, 2 +slow, fast +a$/)
    expect(taskEvent(5, double)).to.include({ attempt: 2, olderAttempt: 1, olderName: 'slow' })
    expect(taskEvent(5, task)).to.not.have.any.keys('olderAttempt', 'olderWorker', 'olderName')
    expect(whereOf(worker, 'lab')).to.equal('lab')
    const setback = { job: 5 as JobId, task: 2, attempt: 1, worker, name: 'lab' }
    expect(setbackLine({ ...setback, reason: 'its lease expired', at: 1 })).to.equal(
      '5.2 attempt 1 on lab: its lease expired\n'
    )
  })

  it('have spans that a glance can read', () => {
    expect([0, 59_999, 60_000, 3_599_999, 7_200_000, 200_000_000, -5].map(ageOf)).to.deep.equal([
      ...['0s', '59s', '1m', '59m', '2h', '2d', '0s']
    ])
    expect([0, 999, 1_000, 59_900, 60_000].map(spanOf)).to.deep.equal([
      ...['0ms', '999ms', '1.0s', '59.9s', '1m']
    ])
  })

  it('stand in columns as wide as they have to be', () => {
    expect(textTable([['a', 'bb'], ['ccc'], ['', '', 'd']])).to.equal('a    bb\nccc\n         d\n')
    const many = Array.from({ length: 200_000 }, () => ['x'])
    expect(textTable(many).length).to.equal(400_000)
  })
})

describe('jobStateOf', () => {
  const of = (counts: Partial<typeof NONE>, more: Partial<JobView> = {}): string =>
    jobStateOf({ counts: { ...NONE, ...counts }, isOpen: false, endedAt: undefined, ...more })

  it('says what a job does, and how it ended', () => {
    expect(of({ waiting: 1 })).to.equal('waiting')
    expect(of({ leased: 1, finished: 3 })).to.equal('waiting')
    expect(of({ running: 1, failed: 3 })).to.equal('running')
    expect(of({}, { isOpen: true })).to.equal('waiting')
    expect(of({ finished: 2 }, { isOpen: true })).to.equal('waiting')
    expect(of({})).to.equal('finished')
    expect(of({ finished: 1, failed: 1, aborted: 5 })).to.equal('failed')
    expect(of({ finished: 1, aborted: 1 })).to.equal('aborted')
    expect(of({ failed: 1, canceled: 1 })).to.equal('canceled')
    expect(of({ finished: 1, waiting: 1 }, { endedAt: 5 })).to.equal('finished')
  })
})
