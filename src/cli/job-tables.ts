/**
 * The tables of the commands that ask the master node of this home. Their bodies are in `commands/`.
 */
import { NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX, TASKS_MAX } from '../core/limits.ts'
import { json, keepOrder, onInterrupt, tag, taskFlags } from './command-flags.ts'
import { ExitCode } from './command.ts'
import type { CommandTable } from './command.ts'
import { afterFlag, schedulingFlags } from './scheduling-flags.ts'

const DAY_MS = 24 * 3_600_000

const SELECTOR =
  'SELECTOR names jobs by their ids: 5, 1-3, 1,3,5-8, all, or last, the one submitted last.'

const NOT_ENDED =
  'Jobs that have not ended are left alone and told of; with all, that is no failure.'

const DONE = ['0', 'done'] as const
const NOT_ALL = ['1', 'a job that was named, in a range or alone, has not ended'] as const
const ERROR = ['2', 'wrong usage, no master node in this home, or a fault'] as const

/** What these tables have in common. */
const common = { group: 'jobs', operands: 'words', errorExitCode: ExitCode.error } as const

export const submitTable = {
  ...common,
  name: 'submit',
  summary: 'Submit a job and print its id, once it is on disk',
  usage: ['[FLAG]... COMMAND ::: ARGUMENT...', '[FLAG]... COMMAND < FILE', '--file FILE [FLAG]...'],
  operands: 'command',
  description: [
    'Arguments and COMMAND are those of `p2pjobs run`: each argument, or each line of stdin ' +
      'without :::, is a task. The job is run by the master node of this home and survives ' +
      'everything but the loss of its disk; `p2pjobs logs`, `wait` and `job` say what became of it.'
  ],
  flags: {
    file: {
      type: 'file',
      placeholder: 'FILE',
      summary:
        'Submit each line of this file as a command; blank lines and lines that begin with # are ' +
        'none, and a CR at the end of a line is not part of it; - is stdin'
    },
    name: {
      type: 'text',
      placeholder: 'NAME',
      charactersMax: NAME_CHARACTERS_MAX,
      summary: 'Call the job this'
    },
    ...taskFlags,
    ...schedulingFlags,
    ...afterFlag,
    json
  },
  exitStatus: [['0', 'the job is on disk'], ERROR],
  examples: [
    "p2pjobs submit --name flac 'flac -s {}' ::: *.wav",
    'p2pjobs submit --file commands.txt'
  ]
} as const satisfies CommandTable

export const jobsTable = {
  ...common,
  name: 'jobs',
  summary: 'List jobs, how far they are, and who submitted them',
  usage: ['[SELECTOR] [FLAG]...'],
  description: [SELECTOR, 'Without it, all jobs that are kept are listed.'],
  flags: { json },
  exitStatus: [['0', 'listed'], ERROR],
  examples: ['p2pjobs jobs', 'p2pjobs jobs 3-7 --json']
} as const satisfies CommandTable

export const jobTable = {
  ...common,
  name: 'job',
  summary: 'Show one job: its tasks, and where and why each ran or failed',
  usage: ['ID[.TASKS] [FLAG]...'],
  description: ['ID is a job, or last; TASKS are tasks of it, as 2 or 1-9,12.'],
  flags: {
    failed: { type: 'boolean', summary: 'Show only tasks that ended without success' },
    limit: {
      type: 'count',
      placeholder: 'N',
      default: 100,
      min: 0,
      max: TASKS_MAX,
      summary: 'Show at most N tasks'
    },
    json
  },
  exitStatus: [['0', 'shown'], ERROR],
  examples: ['p2pjobs job last', 'p2pjobs job 5 --failed', 'p2pjobs job 5.17']
} as const satisfies CommandTable

export const logsTable = {
  ...common,
  name: 'logs',
  summary: 'Print what the tasks of a job have printed, in their order',
  usage: ['ID[.TASKS] [FLAG]...'],
  description: [
    'What went to stdout is printed to stdout, what went to stderr to stderr. Tasks that have not ' +
      'ended are left out; with -f what they print is printed as it comes, line by line, until all ' +
      'have ended that are named, or the whole job. Who reads slowly keeps no task waiting.'
  ],
  flags: {
    follow: {
      type: 'boolean',
      short: 'f',
      summary: 'Print what tasks that run print, as it comes, and go on until all have ended'
    },
    tag,
    json
  },
  exitStatus: [['0', 'printed'], ERROR],
  examples: ['p2pjobs logs last --tag', 'p2pjobs logs 5.1-9', 'p2pjobs logs -f 5.2']
} as const satisfies CommandTable

export const catTable = {
  ...common,
  name: 'cat',
  summary: 'Print one output of a job or task, byte by byte',
  usage: ['ID[.TASKS] stdout|stderr'],
  description: ['Of several tasks, in their order. Tasks that have not ended are left out.'],
  flags: {},
  exitStatus: [['0', 'printed'], ERROR],
  examples: ['p2pjobs cat 5.2 stdout > result']
} as const satisfies CommandTable

export const attachTable = {
  ...common,
  name: 'attach',
  summary: 'Follow a job as `p2pjobs run` does, from its first result to its last',
  usage: ['ID [FLAG]...'],
  description: [
    'Every result is printed, also those that were there before. A master node that is ended ' +
      'meanwhile is waited for, for a minute.'
  ],
  flags: { keepOrder, tag, onInterrupt: { ...onInterrupt, default: 'detach' }, json },
  exitStatus: [
    ['0', 'all tasks succeeded, or the job was left alone'],
    ['1-100', 'that many tasks failed'],
    ['101', 'more than 100 tasks failed'],
    ['255', 'the job was canceled, or a fault']
  ],
  errorExitCode: ExitCode.runError,
  examples: ['p2pjobs attach last', 'p2pjobs attach 5 --tag -k']
} as const satisfies CommandTable

export const waitTable = {
  ...common,
  name: 'wait',
  summary: 'Wait until jobs have ended',
  usage: ['SELECTOR [FLAG]...'],
  description: [SELECTOR],
  flags: {
    fail: { type: 'boolean', summary: 'Exit with status 1 if a task of them did not succeed' },
    timeout: {
      type: 'duration',
      placeholder: 'DURATION',
      min: 1,
      max: 24 * DAY_MS,
      summary: 'Wait no longer than this'
    },
    json
  },
  exitStatus: [
    ['0', 'they have ended'],
    ['1', 'with --fail: a task did not succeed'],
    ['2', 'wrong usage, no master node in this home, a fault, or no more time']
  ],
  examples: ['p2pjobs wait last --fail', 'p2pjobs wait 1-3 --timeout 10m']
} as const satisfies CommandTable

export const cancelTable = {
  ...common,
  name: 'cancel',
  summary: 'Cancel jobs, or some tasks of one',
  usage: ['SELECTOR [FLAG]...', 'ID.TASKS [FLAG]...'],
  description: [
    SELECTOR,
    'What runs is ended, what waits is never started. A job that has ended already is told of, and ' +
      'that is no failure: there is nothing left to cancel.'
  ],
  flags: {
    reason: {
      type: 'text',
      placeholder: 'TEXT',
      default: 'canceled by its user',
      charactersMax: REASON_CHARACTERS_MAX,
      summary: 'Write this down as the reason'
    },
    json
  },
  exitStatus: [DONE, ERROR],
  examples: ["p2pjobs cancel 5 --reason 'wrong input'", 'p2pjobs cancel 5.10-20']
} as const satisfies CommandTable

export const retryTable = {
  ...common,
  name: 'retry',
  summary: 'Submit jobs that have ended once more, and print the new ids',
  usage: ['SELECTOR [FLAG]...'],
  description: [
    SELECTOR,
    'The new job has the same command, options and arguments, and waits for no other job. What is ' +
      'recorded of the old one stays.',
    NOT_ENDED
  ],
  flags: {
    failed: { type: 'boolean', summary: 'Only with the tasks that ended without success' },
    json
  },
  exitStatus: [DONE, NOT_ALL, ERROR],
  examples: ['p2pjobs retry last --failed']
} as const satisfies CommandTable

export const forgetTable = {
  ...common,
  name: 'forget',
  summary: 'Forget jobs that have ended, with their output',
  usage: ['SELECTOR [FLAG]...'],
  description: [SELECTOR, NOT_ENDED],
  flags: { json },
  exitStatus: [DONE, NOT_ALL, ERROR],
  examples: ['p2pjobs forget 1-20', 'p2pjobs forget all']
} as const satisfies CommandTable

export const drainTable = {
  ...common,
  name: 'drain',
  summary: 'Give out no more work, and let what runs end',
  usage: ['[FLAG]...'],
  operands: 'none',
  description: ['A master that was drained as a whole has to be started again afterwards.'],
  flags: {
    worker: {
      type: 'text',
      placeholder: 'NAME',
      summary: 'Only to the worker with this name or peer id'
    },
    undo: {
      type: 'boolean',
      requires: 'worker',
      summary: 'Give out work to that worker again'
    },
    json
  },
  exitStatus: [DONE, ERROR],
  examples: ['p2pjobs drain --worker lab1', 'p2pjobs drain --worker lab1 --undo']
} as const satisfies CommandTable

export const explainTable = {
  ...common,
  name: 'explain',
  summary: 'Say why a job or a task does not run',
  usage: ['ID[.TASK] [FLAG]...'],
  description: [],
  flags: { json },
  exitStatus: [['0', 'said'], ERROR],
  examples: ['p2pjobs explain last', 'p2pjobs explain 5.2']
} as const satisfies CommandTable

export const jobTables: readonly CommandTable[] = [
  ...[submitTable, jobsTable, jobTable, logsTable, catTable, attachTable, waitTable],
  ...[cancelTable, retryTable, forgetTable, drainTable, explainTable]
]
