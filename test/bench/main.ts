/**
 * Measures p2pjobs as whole processes, on this machine, now:
 *
 *     npm run bench                             # everything
 *     npm run bench -- workloads --against nats # some of it; docs/PERFORMANCE.md says what
 *
 * Prints JSON lines, and a table at the end. Only ratios within one run say anything: the speed of a
 * machine that others use too is another one each minute.
 */
import { appendFileSync } from 'node:fs'
import { parseArguments } from './arguments.ts'
import type { BenchArguments } from './arguments.ts'
import type { Figure } from './figures.ts'
import { jsonOf, tableOf } from './figures.ts'
import { measureDurable } from './durable.ts'
import { measureFunctions } from './functions.ts'
import { measureGrowthIdle } from './growth-idle.ts'
import { measureGrowthPayloads } from './growth-payloads.ts'
import { measureGrowthTasks } from './growth-tasks.ts'
import { measureGrowthWorkers } from './growth-workers.ts'
import { measureJournal } from './journal.ts'
import { measureLoss } from './loss.ts'
import { measureManager } from './manager.ts'
import { measureMemory } from './memory.ts'
import { peersFolder } from './peers.ts'
import { measurePool } from './pool.ts'
import { measureShell } from './shell.ts'
import { measureSimulator } from './sim.ts'
import { measureStart } from './start.ts'
import { measureStream } from './stream.ts'
import { measureWorkloads } from './workloads.ts'

interface Size extends BenchArguments {
  /** As many as was said, or else this many. */
  readonly tasksOr: (usual: number) => number
}

const BENCHES: Readonly<Record<string, (size: Size) => Promise<Figure[]>>> = {
  workloads: (size) => measureWorkloads(size),
  shell: ({ rounds, tasksOr }) => measureShell(rounds, tasksOr(3_000)),
  pool: ({ rounds, tasksOr, scale }) =>
    measurePool(rounds, tasksOr(20_000), Math.round(1_000_000 * scale)),
  stream: ({ rounds, scale }) => measureStream(rounds, Math.ceil(200 * scale)),
  functions: ({ rounds, tasksOr }) => measureFunctions(rounds, tasksOr(20_000)),
  start: ({ rounds }) => measureStart(rounds),
  loss: ({ rounds }) => measureLoss(rounds),
  simulator: ({ rounds }) => measureSimulator(rounds),
  journal: ({ rounds, tasksOr }) => measureJournal(rounds, tasksOr(1_000_000)),
  durable: ({ rounds, tasksOr }) => measureDurable(rounds, tasksOr(100_000)),
  manager: ({ rounds, tasksOr }) => measureManager(rounds, tasksOr(20_000)),
  memory: ({ tasksOr }) => measureMemory(tasksOr(100_000)),
  'growth-tasks': ({ rounds, scale }) => measureGrowthTasks(rounds, scale),
  'growth-workers': ({ rounds, tasksOr, scale }) =>
    measureGrowthWorkers(rounds, tasksOr(50_000), scale),
  'growth-idle': ({ rounds, scale }) => measureGrowthIdle(rounds, scale),
  'growth-payloads': ({ rounds, scale }) => measureGrowthPayloads(rounds, scale)
}

async function main(): Promise<number> {
  const given = argumentsOrProblem()
  if (typeof given === 'string') {
    process.stderr.write(`bench: ${given}\n`)
    return 2
  }
  const { names, tasks, scale, out } = given
  const tasksOr = (usual: number): number => tasks ?? Math.round(usual * scale)
  const figures: Figure[] = []
  for (const name of names) {
    process.stderr.write(`bench: ${name}\n`)
    for (const figure of (await BENCHES[name]?.({ ...given, tasksOr })) ?? []) {
      const line = `${jsonOf(figure)}\n`
      process.stdout.write(line)
      if (out !== undefined) appendFileSync(out, line)
      figures.push(figure)
    }
  }
  process.stdout.write(`\n${tableOf(figures)}\n`)
  return 0
}

function argumentsOrProblem(): BenchArguments | string {
  try {
    const given = parseArguments(process.argv.slice(2), Object.keys(BENCHES))
    if (given.against.length > 0) peersFolder(process.env, given.against)
    return given
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

process.exitCode = await main()
