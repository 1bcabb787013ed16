/**
 * What the commands that ask the master node of this home print with `--json`, as data.
 */
import type { JsonEvent, JsonField } from './json-events.ts'

const job: JsonField = { name: 'job', meaning: 'the id of the job' }
const task: JsonField = { name: 'task', meaning: 'the number of the task, from 1' }
const worker: JsonField = {
  name: 'worker',
  meaning: 'the peer id of the worker that has it, or had it last; null: nobody had it'
}
const name: JsonField = {
  name: 'name',
  meaning: 'what that worker calls itself; empty where that is not known any more'
}

const taskFields: readonly JsonField[] = [
  job,
  task,
  {
    name: 'state',
    meaning:
      '`waiting`, `running`, `retrying` (it waits for its next attempt), `finished`, `failed`, ' +
      '`canceled` or `aborted`'
  },
  { name: 'attempt', meaning: 'the number of the last attempt; 0: there was none' },
  worker,
  name,
  {
    name: 'olderAttempt',
    meaning: 'the number of an older attempt that is under way, too',
    isOptional: true
  },
  { name: 'olderWorker', meaning: 'the id of the worker that has it', isOptional: true },
  { name: 'olderName', meaning: 'what that worker calls itself', isOptional: true },
  { name: 'input', meaning: 'the argument, or the command', isBytes: true, isOptional: true },
  {
    name: 'inputBytes',
    meaning: 'how long that is, where it is too long to stand here',
    isOptional: true
  },
  { name: 'outcome', meaning: 'how the last attempt ended, or null: it has not' },
  { name: 'reason', meaning: 'why the task failed, for people; else empty, or null' },
  { name: 'exitCode', meaning: 'the exit status, or null' },
  { name: 'signal', meaning: 'the signal that ended it, as `SIGKILL`, or null' },
  { name: 'stdoutBytes', meaning: 'how much it printed on stdout, or null' },
  { name: 'stderrBytes', meaning: 'the same for stderr' },
  { name: 'runtimeMs', meaning: 'how long it ran, or null' },
  { name: 'endedAt', meaning: 'when its result was recorded, in ISO 8601, or null' }
]

export const jobEvents: readonly JsonEvent[] = [
  {
    event: 'submitted',
    of: 'submit',
    meaning: 'the job is on disk',
    fields: [job, { name: 'tasks', meaning: 'how many tasks it has' }]
  },
  {
    event: 'job',
    of: 'jobs, job, wait',
    meaning: 'a job as it is now; of `wait`, as it ended',
    fields: [
      job,
      { name: 'name', meaning: 'what people call it, or null' },
      { name: 'submitter', meaning: 'who submitted it, or null' },
      {
        name: 'state',
        meaning:
          '`waiting`: none of its tasks runs; `running`; `finished`: all with success; `canceled`, ' +
          '`failed` or `aborted`: some were'
      },
      { name: 'tasks', meaning: 'how many tasks it has' },
      { name: 'waiting', meaning: 'how many of them wait for a worker' },
      { name: 'running', meaning: 'how many run' },
      { name: 'retrying', meaning: 'how many wait for their next attempt' },
      { name: 'finished', meaning: 'how many have ended with success' },
      { name: 'failed', meaning: 'how many have failed' },
      { name: 'canceled', meaning: 'how many were ended by a person' },
      { name: 'aborted', meaning: 'how many were given up by the master' },
      { name: 'isOpen', meaning: 'whether more tasks may come' },
      { name: 'command', meaning: 'of a job of commands; empty: each task is one by itself' },
      { name: 'directory', meaning: 'of a job of commands: the folder they run in' },
      { name: 'function', meaning: 'of a job of functions: its name' },
      { name: 'priority', meaning: 'higher goes first' },
      { name: 'retries', meaning: 'how many more attempts a task that failed has' },
      { name: 'submittedAt', meaning: 'when, in ISO 8601' },
      { name: 'endedAt', meaning: 'when, or null' }
    ]
  },
  {
    event: 'task',
    of: 'job, logs -f',
    meaning: 'a task as it is now; of `logs -f`, as it ended, after all it printed',
    fields: taskFields
  },
  {
    event: 'setback',
    of: 'job',
    meaning: 'an attempt that came to nothing',
    fields: [
      ...[job, task],
      { name: 'attempt', meaning: 'the number of the attempt' },
      ...[worker, name],
      { name: 'reason', meaning: 'why' },
      { name: 'at', meaning: 'when, in ISO 8601' }
    ]
  },
  {
    event: 'log',
    of: 'logs',
    meaning: 'a task that has ended, and what it printed',
    fields: [
      ...taskFields,
      { name: 'stdout', meaning: 'what it printed, up to 64 MiB', isBytes: true },
      { name: 'stderr', meaning: 'the same for stderr', isBytes: true }
    ]
  },
  {
    event: 'output',
    of: 'logs -f',
    meaning: 'what a task has printed since the last such event',
    fields: [
      ...[job, task],
      { name: 'attempt', meaning: 'the attempt that printed it; a higher one begins anew' },
      { name: 'stream', meaning: '`stdout` or `stderr`' },
      { name: 'text', meaning: 'the bytes', isBytes: true }
    ]
  },
  {
    event: 'change',
    of: 'cancel, retry, forget',
    meaning: 'what has become of a job',
    fields: [
      job,
      {
        name: 'change',
        meaning: '`canceled`, `retried`, `forgotten`, or why not: `has ended`, `has not ended`'
      },
      { name: 'newJob', meaning: 'of one that was retried: the new job, or null without tasks' },
      { name: 'tasks', meaning: 'how many tasks it was about' }
    ]
  },
  {
    event: 'drain',
    of: 'drain',
    meaning: 'a worker that is given no more work, or is again',
    fields: [
      { name: 'worker', meaning: 'its peer id' },
      { name: 'name', meaning: 'what it calls itself' },
      { name: 'held', meaning: 'how many tasks it had' },
      { name: 'isDraining', meaning: 'whether it gets no more' }
    ]
  },
  {
    event: 'reason',
    of: 'explain',
    meaning: 'why a job or a task does not run, or how it does',
    fields: [
      job,
      { name: 'task', meaning: 'the number of the task, or null: the whole job' },
      { name: 'code', meaning: 'the reason for programs, as `ended`' },
      { name: 'text', meaning: 'the reason for people' }
    ]
  }
]
