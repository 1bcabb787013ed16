/**
 * Every command's flags, as data. Their bodies are in `commands/`.
 */
import { LEASE_MS, NAME_CHARACTERS_MAX, SLOTS_MAX, WORKERS_MAX } from '../core/limits.ts'
import { ISOLATIONS } from '../core/types.ts'
import { json, keepOrder, onInterrupt, tag, taskFlags } from './command-flags.ts'
import { ExitCode } from './command.ts'
import type { CommandTable, FlagTable, TextFlag } from './command.ts'
import { jobTables } from './job-tables.ts'
import { abilityFlags, afterFlag, schedulingFlags } from './scheduling-flags.ts'

const HOUR_MS = 3_600_000
const MULTIADDR = { pattern: /^\/./, example: '/ip4/192.168.1.5/tcp/4001' }

const network = {
  type: 'text',
  placeholder: 'NAME',
  summary: 'Use the network kept under this name in this home',
  shape: { pattern: /^[a-z0-9][a-z0-9_-]{0,63}$/, example: 'lab-2' }
} satisfies TextFlag

const namedNetwork = { ...network, default: 'default' } as const

const config = {
  type: 'file',
  placeholder: 'FILE',
  summary: 'Read flags from a JSON object, as {"slots": 4}; flags given here override it'
} as const

/** How a node finds and reaches its network. */
const networkFlags = {
  listen: {
    type: 'text',
    placeholder: 'MULTIADDR',
    repeatable: true,
    shape: MULTIADDR,
    summary: 'Listen on this address only, instead of all on the port used last'
  },
  join: {
    type: 'text',
    placeholder: 'MULTIADDR',
    repeatable: true,
    shape: MULTIADDR,
    summary: 'Dial the node at this address, where mDNS does not reach'
  },
  noMdns: {
    type: 'boolean',
    summary: 'Neither look for other nodes by mDNS nor be found by it'
  },
  network: { ...namedNetwork, excludes: 'insecureOpen' },
  insecureOpen: {
    type: 'boolean',
    onlyTyped: true,
    summary:
      'Join the network that asks for no token: whoever reaches this node can run commands here; ' +
      'it stays within this machine, unless --listen says otherwise'
  },
  tokenFile: {
    type: 'file',
    placeholder: 'FILE',
    excludes: 'insecureOpen',
    summary: 'Read the token of the network from this file, and keep it in this home'
  },
  config,
  json
} as const satisfies FlagTable

/** What a node says about itself, and how long its leases last if it is a master. */
const roleFlags = {
  name: {
    type: 'text',
    placeholder: 'NAME',
    charactersMax: NAME_CHARACTERS_MAX,
    summary: 'Be called this by other nodes, instead of by the name of the machine'
  },
  lease: {
    type: 'duration',
    placeholder: 'DURATION',
    default: LEASE_MS,
    min: 100,
    max: HOUR_MS,
    summary: 'Give the tasks of a worker that is silent for this long to others'
  }
} as const satisfies FlagTable

/** What functions may do to the machine that runs them. */
const isolationFlags = {
  isolation: {
    type: 'text',
    placeholder: 'HOW',
    default: 'auto',
    shape: { pattern: new RegExp(`^(${ISOLATIONS.join('|')})$`), example: ISOLATIONS.join(', ') },
    summary:
      'Run functions in a bubblewrap sandbox (bwrap), without one (none), or in one if it works ' +
      'here (auto)'
  },
  requireSandbox: {
    type: 'boolean',
    summary: 'Do not start where functions cannot be run in a sandbox'
  }
} as const satisfies FlagTable

export const nodeTable = {
  name: 'node',
  summary: 'Join the network and run the tasks of its masters',
  usage: ['[FLAG]...', '--master --jobs FILE [FLAG]...'],
  operands: 'none',
  description: [
    'The first `p2pjobs node --master` of a home makes a network and prints the token for its ' +
      'workers. The first `p2pjobs node` elsewhere asks for that token and keeps it; later runs ' +
      'need nothing. The token can also come from --token-file, P2PJOBS_TOKEN or stdin, never ' +
      'from the command line, where every user of the machine could read it.'
  ],
  flags: {
    master: {
      type: 'boolean',
      summary: 'Publish work too, which needs the full token'
    },
    jobs: {
      type: 'file',
      placeholder: 'FILE',
      requires: 'master',
      summary:
        'Publish each line of this file as a task, a shell command; blank lines and lines that ' +
        'begin with # are none, and a CR at the end of a line is not part of it; - is stdin'
    },
    inMemory: {
      type: 'boolean',
      requires: 'master',
      summary: 'Keep jobs in memory only: they end with this node'
    },
    exitWhenDone: {
      type: 'boolean',
      requires: 'jobs',
      summary: 'End when all of them have ended'
    },
    slots: {
      type: 'count',
      placeholder: 'N',
      max: SLOTS_MAX,
      min: 0,
      summary: 'Run at most N tasks at a time, instead of one per core; 0 runs none'
    },
    ...abilityFlags,
    ...isolationFlags,
    ...roleFlags,
    ...networkFlags
  },
  exitStatus: [
    ['0', 'stopped, or all tasks of --jobs succeeded'],
    ['1', 'with --exit-when-done: tasks failed'],
    ['2', 'wrong usage, or a fault that left nothing to do']
  ],
  errorExitCode: ExitCode.error,
  examples: ['p2pjobs node --master', 'p2pjobs node --slots 2 --name lab1']
} as const satisfies CommandTable

export const runTable = {
  name: 'run',
  summary: 'Run a shell command for every argument, on every machine of the network',
  usage: ['[FLAG]... COMMAND ::: ARGUMENT...', '[FLAG]... COMMAND < FILE'],
  operands: 'command',
  description: [
    'Each argument, or each line of stdin without :::, is a task: COMMAND with {} replaced by the ' +
      'argument, or followed by it where there is no {}. Without COMMAND the argument is the ' +
      'command. A line is all that stands before its LF: a CR is part of it. Output is printed per task, ' +
      'whole, as tasks end. Flags come before COMMAND.',
    'Where `p2pjobs node --master` of the same home runs, the job is given to that node: it survives ' +
      'the end of this command and of its terminal, and `p2pjobs attach` follows it again. Flags about ' +
      'a node (--name, --lease, --isolation, --listen and the like) are then those that node was started with. ' +
      'Otherwise, or with --in-process, --local, --no-local or --join, it ends with this command.',
    'Where nothing of the job runs for 5 s, a line on stderr says why. What this machine can never run ' +
      'is refused at once where no other takes part: with --local, or where this home belongs to no network.',
    'The first Ctrl-C starts nothing more and cancels what runs, the second leaves at once.'
  ],
  flags: {
    ...taskFlags,
    ...schedulingFlags,
    ...afterFlag,
    jobName: {
      type: 'text',
      placeholder: 'NAME',
      charactersMax: NAME_CHARACTERS_MAX,
      summary: 'Call the job this'
    },
    keepOrder,
    tag,
    minWorkers: {
      type: 'count',
      placeholder: 'N',
      default: 0,
      min: 0,
      max: WORKERS_MAX,
      excludes: 'local',
      summary: 'Wait up to 60 s for N members that run tasks, besides this one'
    },
    detach: {
      type: 'boolean',
      summary: 'Give the job to the master node of this home, print its id and end'
    },
    onInterrupt,
    inProcess: {
      type: 'boolean',
      excludes: 'detach',
      summary: 'Be the master of the job, also where a master node of this home runs'
    },
    local: {
      type: 'boolean',
      excludes: 'noLocal',
      summary: 'Use only this machine: no network, no token'
    },
    noLocal: {
      type: 'boolean',
      summary: 'Use only other machines'
    },
    ...isolationFlags,
    ...roleFlags,
    ...networkFlags,
    // Without it, a home that is in no network runs the tasks by itself.
    network: {
      ...network,
      excludes: 'insecureOpen',
      summary:
        'Use the network kept under this name in this home, instead of default, or of this ' +
        'machine alone where there is none'
    }
  },
  exitStatus: [
    ['0', 'all tasks succeeded'],
    ['1-100', 'that many tasks failed'],
    ['101', 'more than 100 tasks failed'],
    ['255', 'wrong usage, or a fault that left nothing to do']
  ],
  errorExitCode: ExitCode.runError,
  examples: [
    "p2pjobs run --tag 'factor {}' ::: 1000001 1000003 1000033",
    "ls *.wav | p2pjobs run -j 2 --retries 1 'flac -s {}'"
  ]
} as const satisfies CommandTable

export const membersTable = {
  name: 'members',
  summary: 'Join the network for two seconds and print its members',
  usage: ['[FLAG]...'],
  operands: 'none',
  description: [],
  flags: networkFlags,
  exitStatus: [
    ['0', 'printed'],
    ['2', 'wrong usage, or a fault that left nothing to do']
  ],
  errorExitCode: ExitCode.error,
  examples: ['p2pjobs members --json']
} as const satisfies CommandTable

export const tokenTable = {
  name: 'token',
  summary: 'Print the token that other machines need to join',
  usage: ['[FLAG]...'],
  operands: 'none',
  description: [
    'The work token lets a machine join, run tasks and return results. The full token also lets ' +
      'it publish work, which means running commands on every worker: give it only to machines ' +
      'that shall be masters.'
  ],
  flags: {
    full: {
      type: 'boolean',
      summary: 'Print the full token, for machines that publish work'
    },
    network: namedNetwork
  },
  exitStatus: [
    ['0', 'printed'],
    ['2', 'wrong usage, or this home holds no such token']
  ],
  errorExitCode: ExitCode.error,
  examples: ['p2pjobs token --full']
} as const satisfies CommandTable

export const tables: readonly CommandTable[] = [
  ...[nodeTable, runTable, membersTable, tokenTable],
  ...jobTables
]
