/** One message of every kind on the control socket, with every field set, and with as few as may be. */
import type { JobView, ResultView } from '../../src/core/job-views.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { BlobId, JobId, NodeId } from '../../src/core/types.ts'
import type { ClientMessage, NodeMessage, Request } from '../../src/control/messages.ts'
import { SPEC } from './machines.ts'

const JOB = 5 as JobId
const WORKER = '12D3KooWlab' as NodeId
const BLOB = { blob: 'ab'.repeat(32) as BlobId, bytes: 1_000_000 }
const OPTIONS = { priority: 0, retries: 0 }
const ALL_OPTIONS = {
  ...{ priority: -3, retries: 2, worker: 'lab', name: 'night', submitter: 'ann' },
  after: [
    { job: 3 as JobId, needs: 'ok' as const },
    { job: 4 as JobId, needs: 'any' as const }
  ],
  ...{ failsMax: { percent: 10 }, crashesMax: 4, startWithinMs: 60_000, hedge: true },
  backoff: { kind: 'exponential' as const, firstMs: 1_000, maxMs: 60_000 },
  requires: [{ label: 'gpu', value: '1' }, { label: 'fast' }]
}
const SOME = {
  type: 'ranges' as const,
  ranges: [
    [1, 1],
    [3, 8]
  ] as const
}
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value))

const reading = { job: JOB, task: 2 }
export const requests: readonly ClientMessage[] = [
  { type: 'submit', spec: SPEC, options: OPTIONS, inputs: [], isWhole: false },
  {
    type: 'submit',
    spec: { ...SPEC, environment: { A: 'b' }, timeoutMs: 5, slotsMax: 2 },
    options: ALL_OPTIONS,
    inputs: [text('a'), text(''), text('ccc')],
    isWhole: true
  },
  {
    type: 'submit',
    spec: SPEC,
    options: {
      ...OPTIONS,
      failsMax: { tasks: 3 },
      backoff: { ...ALL_OPTIONS.backoff, kind: 'fixed' }
    },
    inputs: [],
    isWhole: true
  },
  { type: 'feed', job: JOB },
  { type: 'inputs', inputs: [text('x')] },
  { type: 'close' },
  { type: 'jobs', selection: { type: 'all' } },
  { type: 'jobs', selection: { type: 'last' } },
  { type: 'wait', selection: SOME },
  { type: 'forget', selection: SOME },
  { type: 'tasks', job: JOB, from: 1, limit: 10, states: ['failed', 'aborted'] },
  { type: 'tasks', job: JOB, from: 7, limit: 0, states: [] },
  { type: 'setbacks', job: JOB, task: undefined, limit: 3 },
  { type: 'setbacks', job: JOB, task: 2, limit: 3 },
  { type: 'results', job: JOB, place: 9, isFollowing: true, hasInputs: false, hasNotices: true },
  ...(['input', 'stdout', 'stderr', 'value'] as const).map((part): Request => ({
    type: 'bytes',
    ...reading,
    part,
    offset: 70_000
  })),
  { type: 'live', ...reading, stream: 'stderr', offset: 0, attempt: undefined },
  { type: 'live', ...reading, stream: 'stdout', offset: 12, attempt: 3 },
  { type: 'cancel', selection: SOME, tasks: undefined, reason: 'enough' },
  { type: 'cancel', selection: SOME, tasks: [[2, 9]], reason: '' },
  { type: 'retry', selection: { type: 'last' }, isFailedOnly: true },
  { type: 'drain', worker: undefined, isDraining: true },
  { type: 'drain', worker: 'lab', isDraining: false },
  { type: 'explain', job: JOB, task: undefined },
  { type: 'explain', job: JOB, task: 4 },
  { type: 'workers' }
]

const counts = {
  ...{ waiting: 1, leased: 2, running: 3, retrying: 4 },
  ...{ finished: 5, failed: 6, canceled: 7, aborted: 8 }
}
export const aJobView: JobView = {
  ...{ job: JOB, state: 'running', spec: SPEC, options: ALL_OPTIONS, isOpen: true },
  ...{ tasks: 36, counts, submittedAt: Date.UTC(2026, 0, 2), endedAt: undefined }
}
const result = {
  ...emptyResult('failure', 'exit status 1'),
  ...{ exitCode: 1, startedAt: 1_700_000_000_000, runtimeMs: 12 },
  ...{ stdout: text('out'), stderr: BLOB, value: text('v') }
}
export const aResultView: ResultView = {
  ...{ place: 77, job: JOB, task: 2, attempt: 1, state: 'failed', worker: WORKER, name: 'lab' },
  ...{ endedAt: 1_700_000_000_012, input: text('argument'), result }
}
const summary = {
  ...{ outcome: 'crash' as const, reason: 'SIGKILL', exitCode: undefined, signal: 'SIGKILL' },
  ...{ startedAt: 1, runtimeMs: 2, stdoutBytes: 3, stderrBytes: 4, endedAt: 5 }
}
const where = { worker: WORKER, name: 'lab' }
const attempts = [{ job: JOB, task: 1, attempt: 1 }]

export const answers: readonly NodeMessage[] = [
  { type: 'done' },
  { type: 'error', code: 'NOT_FOUND', message: 'there is no job 9' },
  { type: 'fed', job: JOB, tasks: 3, waiting: 2 },
  { type: 'job', job: aJobView },
  { type: 'job', job: { ...aJobView, state: 'aborted', isOpen: false, endedAt: 12 } },
  {
    type: 'task',
    task: { task: 2, state: 'retrying', input: BLOB, attempt: 3, ...where, result: summary }
  },
  {
    type: 'task',
    task: {
      ...{ task: 2, state: 'running', input: BLOB, attempt: 3, ...where, result: undefined },
      older: { attempt: 1, ...where }
    }
  },
  {
    type: 'task',
    task: {
      ...{ task: 1, state: 'waiting', input: text('in'), attempt: 0 },
      ...{ worker: undefined, name: '', result: undefined }
    }
  },
  { type: 'setback', setback: { ...attempts[0]!, ...where, reason: 'lost', at: 99 } },
  { type: 'result', result: aResultView },
  { type: 'result', result: { ...aResultView, attempt: 0, worker: undefined, input: undefined } },
  { type: 'result', result: { ...aResultView, input: text('') } },
  { type: 'notice', notice: { type: 'dispatched', worker: WORKER, attempts } },
  { type: 'notice', notice: { type: 'started', worker: WORKER, attempts } },
  {
    type: 'notice',
    notice: { type: 'setback', worker: WORKER, ...attempts[0]!, reason: 'lost', delayMs: 5 }
  },
  { type: 'notice', notice: { type: 'joined', worker: WORKER, name: 'lab', slots: 4 } },
  { type: 'notice', notice: { type: 'parted', worker: WORKER, name: 'lab', reason: 'bye' } },
  { type: 'notice', notice: { type: 'resting', worker: WORKER, name: 'lab', restMs: 10 } },
  { type: 'chunk', bytes: text('bytes') },
  { type: 'piece', attempt: 2, offset: 64, bytes: text('more') },
  { type: 'over', why: 'no answer', attempt: undefined, offset: 0 },
  { type: 'over', why: 'ended', attempt: 2, offset: 68 },
  { type: 'change', change: { job: JOB, change: 'retried', newJob: 6 as JobId, tasks: 3 } },
  { type: 'change', change: { job: JOB, change: 'has ended', newJob: undefined, tasks: 0 } },
  { type: 'worker', worker: { ...where, slots: 4, held: 3, isConnected: true, isDraining: false } },
  { type: 'reason', reason: { code: 'no-worker', text: 'no worker is there' } }
]
