/**
 * Measures p2pjobs as whole processes, on this machine, now:
 *
 *     npm run bench                          # everything
 *     npm run bench -- shell --tasks 10000   # some of it; --rounds N
 *
 * Prints JSON lines, and a table at the end. Only ratios within one run say anything: the speed of a
 * machine that others use too is another one each minute.
 */
import { parseArgs } from 'node:util'
import type { Figure } from './figures.ts'
import { jsonOf, tableOf } from './figures.ts'
import { measureDurable } from './durable.ts'
import { measureFunctions } from './functions.ts'
import { measureJournal } from './journal.ts'
import { measureLoss } from './loss.ts'
import { measureMemory } from './memory.ts'
import { measurePool } from './pool.ts'
import { measureShell } from './shell.ts'
import { measureSimulator } from './sim.ts'
import { measureStart } from './start.ts'

interface Size {
  readonly rounds: number
  readonly tasks: number | undefined
}

const BENCHES: Readonly<Record<string, (size: Size) => Promise<Figure[]>>> = {
  shell: ({ rounds, tasks }) => measureShell(rounds, tasks ?? 3_000),
  pool: ({ rounds, tasks }) => measurePool(rounds, tasks ?? 20_000),
  functions: ({ rounds, tasks }) => measureFunctions(rounds, tasks ?? 20_000),
  start: ({ rounds }) => measureStart(rounds),
  loss: ({ rounds }) => measureLoss(rounds),
  simulator: ({ rounds }) => measureSimulator(rounds),
  journal: ({ rounds, tasks }) => measureJournal(rounds, tasks ?? 1_000_000),
  durable: ({ rounds, tasks }) => measureDurable(rounds, tasks ?? 100_000),
  memory: ({ tasks }) => measureMemory(tasks ?? 100_000)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' }, tasks: { type: 'string' } }
  })
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES)
  const size = {
    rounds: Number(values.rounds),
    tasks: values.tasks === undefined ? undefined : Number(values.tasks)
  }
  if (!(size.rounds >= 1) || Number.isNaN(size.tasks) || names.some((name) => !(name in BENCHES))) {
    process.stderr.write(
      `bench: [NAME..] [--rounds N] [--tasks N]; ${Object.keys(BENCHES).join(', ')}\n`
    )
    return 2
  }
  const figures: Figure[] = []
  for (const name of names) {
    for (const figure of (await BENCHES[name]?.(size)) ?? []) {
      process.stdout.write(`${jsonOf(figure)}\n`)
      figures.push(figure)
    }
  }
  process.stdout.write(`\n${tableOf(figures)}\n`)
  return 0
}

process.exitCode = await main()
