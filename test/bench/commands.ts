/**
 * W3: commands per second in two slots, by `p2pjobs run` as a process of its own. All outputs are
 * captured, and its exit status says that every task succeeded.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LOOPBACK, PROGRAM } from '../support/program.ts'
import type { Programs } from '../support/program.ts'
import type { Run } from './ours.ts'
import { timed } from './processes.ts'
import type { Stage } from './stage.ts'
import type { System } from './systems.ts'
import { cpuOf, parseStat, readUsages, usedBetween } from './usage.ts'
import type { Usages } from './usage.ts'

const COMMAND = '/bin/true'
const STARTS = 3
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
): Promise<Pick<Run, 'measures' | 'usages'>> {
  const runner = await prepare(programs, system, stage)
  const { start, whole } = await runOneAndAll(runner, count)
  const measures = {
    w3Rate: rateOf(start, whole, count),
    w3Whole: count / whole.seconds,
    w3Cpu: ((cpuOf(whole.usages) - cpuOf(start.usages)) / (count - 1)) * 1e6
  }
  const { usages } = whole
  if (system !== 'embedded') return { measures, usages }
  const large = await runOneAndAll(runner, count, ['--import', BALLAST])
  return { measures: { ...measures, w3Large: rateOf(large.start, large.whole, count) }, usages }
}

interface Timing {
  readonly seconds: number
  readonly usages: Usages
}

/** Runs of one command, which are all start and end: the shortest of three; and one of all. */
async function runOneAndAll(
  runner: Runner,
  count: number,
  nodeWords: readonly string[] = []
): Promise<{ readonly start: Timing; readonly whole: Timing }> {
  const starts: Timing[] = []
  for (let time = 0; time < STARTS; time++) starts.push(await run(runner, 1, nodeWords))
  starts.sort((a, b) => a.seconds - b.seconds)
  const [start = { seconds: 0, usages: {} }] = starts
  return { start, whole: await run(runner, count, nodeWords) }
}

/** NaN where few commands took no longer than a start: then nothing can be said. */
function rateOf(start: Timing, whole: Timing, count: number): number {
  const seconds = whole.seconds - start.seconds
  return seconds > 0 ? (count - 1) / seconds : NaN
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
  nodeWords: readonly string[]
): Promise<Timing> {
  const stdin = '1\n'.repeat(count)
  const before = readUsages({ nodes: others })
  const waited = waitedForS()
  let seen: Usages = {}
  const onTick = (pid: number): void => {
    seen = readUsages({ run: [pid] })
  }
  const all = [...nodeWords, PROGRAM, ...words]
  const { seconds } = await timed(process.execPath, all, { stdin, env, onTick })
  const nodes = usedBetween(before, readUsages({ nodes: others }))
  return { seconds, usages: { ...ofRun(seen, waitedForS() - waited), ...nodes } }
}

/** What `run` used to its end, with its children; how large they were is what was seen last. */
function ofRun(seen: Usages, cpuS: number): Usages {
  const nothing = { cpuS: 0, peakMiB: 0, processes: 0 }
  const { run = nothing, 'children of run': children = nothing } = seen
  return {
    'run with its children': {
      cpuS,
      peakMiB: Math.max(run.peakMiB, children.peakMiB),
      processes: run.processes + children.processes
    }
  }
}

/** What processes have used that this one has started and seen end. */
function waitedForS(): number {
  return parseStat(readFileSync('/proc/self/stat', 'latin1')).children
}
