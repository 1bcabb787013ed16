/**
 * Systems that people use today, measured by a folder of scripts beside this project: `./run NAME`
 * prints JSON lines, of which those of kind `run` are read here.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Measures, Workload } from './measures.ts'
import { timed } from './processes.ts'

/** Of a line of kind `run`, what is used. */
interface PeerRun {
  readonly kind: string
  readonly system: string
  readonly workload: string
  readonly n: number
  readonly per_second: number
  readonly p50_ms: number | null
  readonly p99_ms: number | null
  readonly mib_per_second?: number
  readonly wall_over_ideal?: number
  readonly unit_ms?: number
  readonly cpu_s: number | null
  readonly error?: string
}

/** The folder that `P2PJOBS_PEERS` names, with all of these in it. Throws an error that says what to do. */
export function peersFolder(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[]
): string {
  const folder = environment['P2PJOBS_PEERS'] ?? ''
  if (folder === '') {
    throw new Error(
      '--against needs P2PJOBS_PEERS=FOLDER, the folder of the peers with `run` in it'
    )
  }
  const missing = ['run', ...names.map((name) => join('systems', name, 'system.json'))].find(
    (path) => !existsSync(join(folder, path))
  )
  if (missing === undefined) return folder
  throw new Error(`there is no ${missing} in P2PJOBS_PEERS=${folder}`)
}

/** Runs one of them once, with servers and workers of its own, and this same Node. */
export async function measurePeer(
  folder: string,
  name: string,
  workloads: readonly Workload[],
  scale: number
): Promise<Measures> {
  const words = [name, '--workloads', workloads.join(','), '--scale', String(scale)]
  const once = ['--reps', '1', '--again', '0', '--quiet', '0']
  const env = { PEERS_NODE: process.execPath }
  const { stdout } = await timed(join(folder, 'run'), [...words, ...once], { env })
  return peerMeasures(stdout.toString())
}

/** Throws for a run that failed. */
export function peerMeasures(text: string): Measures {
  const runs = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as PeerRun)
    .filter(({ kind, error }) => kind === 'run' || error !== undefined)
  return Object.assign({}, ...runs.map(measuresOf)) as Measures
}

function measuresOf(run: PeerRun): Measures {
  if (run.error !== undefined) throw new Error(`${run.system}: ${run.error}`)
  const measures = byWorkload(run)
  return Object.fromEntries(Object.entries(measures).filter(([, value]) => Number.isFinite(value)))
}

function byWorkload(run: PeerRun): Measures {
  const cpuUs = run.cpu_s === null ? NaN : (run.cpu_s / run.n) * 1e6
  switch (run.workload as Workload) {
    case 'w1':
      return { w1Rate: run.per_second, w1Cpu: cpuUs }
    case 'w2':
      return { w2P50: run.p50_ms ?? NaN, w2P99: run.p99_ms ?? NaN }
    case 'w3':
      return { w3Rate: run.per_second, w3Cpu: cpuUs }
    case 'w4':
      return { w4Rate: run.mib_per_second ?? NaN, w4Cpu: cpuUs }
    case 'w5':
      return { w5Share: run.wall_over_ideal ?? NaN, w5Unit: run.unit_ms ?? NaN }
  }
}
