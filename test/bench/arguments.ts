/**
 * What the benchmark can be told.
 */
import { parseArgs } from 'node:util'
import { tasksAt, WORKLOADS } from './measures.ts'
import type { Workload } from './measures.ts'
import { SYSTEMS } from './systems.ts'
import type { System } from './systems.ts'

export interface BenchArguments {
  readonly names: readonly string[]
  readonly rounds: number
  /** How many tasks, where a benchmark can be told. */
  readonly tasks: number | undefined
  /** How large everything is, against its whole size. */
  readonly scale: number
  readonly workloads: readonly Workload[]
  readonly systems: readonly System[]
  /** Peers to measure beside ours. */
  readonly against: readonly string[]
  /** A file that gets the JSON lines, too. */
  readonly out: string | undefined
}

const QUICK = 0.1
const ROUNDS = 5

/** Names that stand for all that begin with them, as `growth` for `growth-tasks` and others. */
const GROUPS = ['growth']

/** Throws an error that says what is wrong. */
export function parseArguments(words: readonly string[], known: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      tasks: { type: 'string' },
      quick: { type: 'boolean', default: false },
      workloads: { type: 'string', multiple: true },
      systems: { type: 'string', multiple: true },
      against: { type: 'string', multiple: true },
      out: { type: 'string' }
    }
  })
  const tasks = values.tasks === undefined ? undefined : countOf('--tasks', values.tasks)
  return {
    names: namesOf(positionals, known),
    rounds: values.rounds === undefined ? ROUNDS : countOf('--rounds', values.rounds),
    tasks,
    scale: values.quick ? QUICK : tasks === undefined ? 1 : tasks / tasksAt('w1', 1),
    workloads: chosen('--workloads', values.workloads, WORKLOADS),
    systems: chosen('--systems', values.systems, SYSTEMS),
    against: listOf(values.against),
    out: values.out
  }
}

function namesOf(given: readonly string[], known: readonly string[]): readonly string[] {
  if (given.length === 0) return known
  return given.flatMap((name) => {
    if (GROUPS.includes(name)) return known.filter((each) => each.startsWith(`${name}-`))
    if (known.includes(name)) return [name]
    throw new Error(`there is no benchmark ${name}; there are ${[...known, ...GROUPS].join(', ')}`)
  })
}

function countOf(flag: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1) return count
  throw new Error(`${flag} takes a whole number of at least 1, not ${text}`)
}

function chosen<Name extends string>(
  flag: string,
  given: readonly string[] | undefined,
  known: readonly Name[]
): readonly Name[] {
  const names = listOf(given)
  const wrong = names.find((name) => !(known as readonly string[]).includes(name))
  if (wrong !== undefined) throw new Error(`${flag} takes ${known.join(', ')}, not ${wrong}`)
  return names.length === 0 ? known : known.filter((name) => names.includes(name))
}

/** A flag can be repeated, and can take several names with commas between. */
function listOf(given: readonly string[] = []): readonly string[] {
  return given.flatMap((text) => text.split(',')).filter((name) => name !== '')
}
