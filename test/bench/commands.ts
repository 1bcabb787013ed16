/**
 * W3: commands per second in two slots, by `p2pjobs run` as a process of its own. All outputs are
 * captured, and its exit status says that every task succeeded.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LOOPBACK, PROGRAM } from '../support/program.ts'
import type { Programs } from '../support/program.ts'
import type { Measures } from './measures.ts'
import { timed } from './processes.ts'
import type { Stage } from './stage.ts'
import type { System } from './systems.ts'
import { cpuOf, parseStat, readUsages, usedBetween } from './usage.ts'

const COMMAND = '/bin/true'
const BALLAST = fileURLToPath(new URL('ballast.ts', import.meta.url))

/** A way to run commands, ready to be used. */
interface Runner {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Processes beside `run` that take part. */
  readonly others: readonly number[]
}

/** `stage`: the workers of all but the embedded system. */
export async function measureCommands(
  programs: Programs,
  system: System,
  count: number,
  stage: Stage | undefined
): Promise<Measures> {
  const runner = await prepare(programs, system, stage)
  const startS = (await run(runner, 1)).seconds
  const { seconds, cpuS } = await run(runner, count)
  const measures = {
    w3Rate: (count - 1) / (seconds - startS),
    w3Whole: count / seconds,
    w3Cpu: (cpuS / count) * 1e6
  }
  if (system !== 'embedded') return measures
  const large = ['--import', BALLAST]
  const largeStartS = (await run(runner, 1, large)).seconds
  const largeS = (await run(runner, count, large)).seconds
  return { ...measures, w3Large: (count - 1) / (largeS - largeStartS) }
}

async function prepare(
  programs: Programs,
  system: System,
  stage: Stage | undefined
): Promise<Runner> {
  if (stage === undefined || system === 'embedded') {
    const env = { P2PJOBS_HOME: programs.home() }
    return { words: ['run', '--local', '-j2', COMMAND], env, others: [] }
  }
  const join = stage.addresses.flatMap((address) => ['--join', address])
  const env = { P2PJOBS_HOME: programs.home(), P2PJOBS_TOKEN: stage.token }
  if (system === 'network') {
    const words = ['run', '--no-local', ...LOOPBACK, ...join, '--min-workers', '2', COMMAND]
    return { words, env, others: stage.pids }
  }
  const flags = ['--master', '--json', '--slots', '0', ...LOOPBACK]
  const master = programs.start(['node', ...flags, ...join], { home: env.P2PJOBS_HOME, env })
  const joined = stage.addresses.map((_, at) =>
    master.jsonLine((line) => line['status'] === 'alive' && line['name'] === `worker-${at + 1}`)
  )
  await Promise.all(joined)
  return { words: ['run', COMMAND], env, others: [...stage.pids, master.pid] }
}

async function run(
  { words, env, others }: Runner,
  count: number,
  nodeWords: readonly string[] = []
): Promise<{ readonly seconds: number; readonly cpuS: number }> {
  const stdin = '1\n'.repeat(count)
  const before = readUsages({ others })
  const mine = waitedForS()
  const { seconds } = await timed(process.execPath, [...nodeWords, PROGRAM, ...words], {
    stdin,
    env
  })
  const cpuS = waitedForS() - mine + cpuOf(usedBetween(before, readUsages({ others })))
  return { seconds, cpuS }
}

/** What processes have used that this one has started and seen end. */
function waitedForS(): number {
  return parseStat(readFileSync('/proc/self/stat', 'latin1')).children
}
