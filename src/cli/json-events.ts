/**
 * What `--json` prints, as data: docs/CLI.md is made from it, and the tests compare it with what
 * real processes print.
 */
import { jobEvents } from './job-events.ts'

export interface JsonField {
  readonly name: string
  readonly meaning: string
  /** Left out where it says nothing. */
  readonly isOptional?: true
  /** Bytes: `nameBase64` takes its place where they are not UTF-8. */
  readonly isBytes?: true
}

export interface JsonEvent {
  readonly event: string
  readonly of: string
  readonly meaning: string
  readonly fields: readonly JsonField[]
}

const task: JsonField = { name: 'task', meaning: 'the number of the task, from 1' }
const attempt: JsonField = { name: 'attempt', meaning: 'the number of the attempt, from 1' }
const worker: JsonField = { name: 'worker', meaning: "the worker's peer id" }
const workerName: JsonField = { name: 'name', meaning: 'what that worker calls itself' }

const MASTERS = 'run, node --jobs'

export const jsonEvents: readonly JsonEvent[] = [
  {
    event: 'network',
    of: 'node',
    meaning: 'a new network was made',
    fields: [
      { name: 'network', meaning: 'what this home calls it' },
      { name: 'token', meaning: 'the work token, for other machines' }
    ]
  },
  {
    event: 'node',
    of: 'node',
    meaning: 'this node is up',
    fields: [
      { name: 'peer', meaning: 'its peer id' },
      { name: 'name', meaning: 'what it calls itself' },
      { name: 'slots', meaning: 'how many tasks it runs at once' },
      { name: 'isMaster', meaning: 'whether it publishes work' },
      { name: 'isPrimary', meaning: "whether it has its home's identity; a second node has not" },
      { name: 'isDurable', meaning: 'whether it is a master whose jobs outlive it' },
      { name: 'addresses', meaning: 'the multiaddrs it listens on' }
    ]
  },
  {
    event: 'member',
    of: 'node, members',
    meaning: 'another node of the network, and what has become of it',
    fields: [
      { name: 'peer', meaning: 'its peer id' },
      { name: 'name', meaning: 'what it calls itself; null before it was met' },
      {
        name: 'status',
        meaning: '`alive`, `left`, `failed`, or `known`: seen, and never met or not admitted'
      },
      { name: 'isMaster', meaning: 'whether it publishes work; null before it was met' },
      { name: 'isWorker', meaning: 'whether it runs tasks; null before it was met' },
      { name: 'version', meaning: 'its program; null before it was met' },
      { name: 'addresses', meaning: 'the multiaddrs it was seen with' },
      { name: 'problem', meaning: 'why it cannot be reached or was not admitted, or null' }
    ]
  },
  {
    event: 'refusal',
    of: 'node',
    meaning:
      'another node was refused something; a peer that keeps on trying is told of at its first, ' +
      'second, fourth, eighth time, and so on',
    fields: [
      {
        name: 'kind',
        meaning:
          '`stranger`: who dialed failed in the handshake, having another token or none; `hello`: a ' +
          'peer was not admitted, or did not admit this node; `message`: a stream was reset for ' +
          'what a member sent on it, or for being opened'
      },
      { name: 'peer', meaning: 'its peer id, or null for a stranger' },
      { name: 'reason', meaning: 'why' },
      { name: 'count', meaning: 'how many of this kind there were since this node is up' }
    ]
  },
  {
    event: 'worker',
    of: MASTERS,
    meaning: 'a worker, as the master of these tasks sees it',
    fields: [
      worker,
      workerName,
      { name: 'status', meaning: '`joined`, `parted`, or `resting`: it failed everything at once' },
      { name: 'slots', meaning: 'of one that joined: its slots', isOptional: true },
      { name: 'reason', meaning: 'of one that parted: why', isOptional: true },
      { name: 'restMs', meaning: 'of one that rests: for how long', isOptional: true }
    ]
  },
  {
    event: 'dispatched',
    of: MASTERS,
    meaning: 'an attempt was given to a worker',
    fields: [task, attempt, worker, workerName]
  },
  {
    event: 'started',
    of: MASTERS,
    meaning: 'the worker has started it',
    fields: [task, attempt, worker, workerName]
  },
  {
    event: 'retry',
    of: MASTERS,
    meaning: 'the attempt came to nothing, and there will be another one',
    fields: [
      task,
      attempt,
      worker,
      workerName,
      { name: 'reason', meaning: 'why' },
      { name: 'delayMs', meaning: 'how long the task waits first' }
    ]
  },
  {
    event: 'result',
    of: MASTERS,
    meaning: 'the task has ended; there is one for every task that was not canceled',
    fields: [
      task,
      attempt,
      { name: 'state', meaning: '`finished`, `failed`, or `aborted`: it cost too many workers' },
      { name: 'worker', meaning: "the worker's peer id, or null; `local` without a network" },
      workerName,
      { name: 'input', meaning: 'the argument, or the line of the file', isBytes: true },
      {
        name: 'outcome',
        meaning: 'how the attempt ended: `success`, `failure`, `timeout`, `crash` or `refused`'
      },
      { name: 'reason', meaning: 'why it failed, for people; else empty' },
      { name: 'exitCode', meaning: 'the exit status, or null' },
      { name: 'signal', meaning: 'the signal that ended it, as `SIGKILL`, or null' },
      { name: 'stdout', meaning: 'what it printed, up to 64 MiB', isBytes: true },
      {
        name: 'stdoutBytes',
        meaning: 'how much that was, where it was more than 64 MiB',
        isOptional: true
      },
      { name: 'stderr', meaning: 'the same for stderr', isBytes: true },
      { name: 'stderrBytes', meaning: 'the same for stderr', isOptional: true },
      { name: 'startedAt', meaning: "the worker's clock when it started, in ISO 8601" },
      { name: 'runtimeMs', meaning: 'how long it ran' }
    ]
  },
  {
    event: 'end',
    of: MASTERS,
    meaning: 'all tasks have ended; of `run` the last line',
    fields: [
      { name: 'finished', meaning: 'with success' },
      { name: 'failed', meaning: 'without; aborted ones, too' },
      { name: 'canceled', meaning: 'ended by a signal before they were done' }
    ]
  },
  ...jobEvents
]
