/**
 * The workloads of bench/peers, W1 to W5, for p2pjobs in three ways, and beside peers if any are
 * named: one after the other in each round, every round with workers of its own.
 */
import { Programs } from '../support/program.ts'
import { measureCommands } from './commands.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import type { LoopFigures, LoopName } from './loops.ts'
import { ratiosOf, subjectOf } from './measures.ts'
import type { MeasureName, Measures, Workload } from './measures.ts'
import { measurePeer, peersFolder, tasksAt } from './peers.ts'
import { runClient } from './run-client.ts'
import { startWorkers } from './stage.ts'
import type { Stage } from './stage.ts'
import type { System } from './systems.ts'
import { cpuOf } from './usage.ts'

export interface WorkloadsInit {
  readonly rounds: number
  readonly scale: number
  readonly workloads: readonly Workload[]
  readonly systems: readonly System[]
  /** The names of peers. */
  readonly against: readonly string[]
}

const MIB = 1024 * 1024
const LOOP_OF = {
  ...{ w1: 'noop', w2: 'alone', w4: 'echo', w5: 'burn' }
} as const satisfies Partial<Record<Workload, LoopName>>
/** Arguments larger than a message do not get into a durable master. */
const LEFT_OUT: readonly string[] = ['durable w4']

export async function measureWorkloads(init: WorkloadsInit): Promise<Figure[]> {
  const { rounds, scale, workloads, systems, against } = init
  const peers = against.length === 0 ? '' : peersFolder(process.env)
  const figures = new Figures()
  const bySystem = new Map<string, Measures[]>([...systems, ...against].map((name) => [name, []]))
  const tell = (system: string, measures: Measures): void => {
    bySystem.get(system)?.push(measures)
    for (const [name, value] of Object.entries(measures)) {
      figures.add(subjectOf(system, name as MeasureName), value)
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) tell(system, await measureSystem(system, init, figures))
    for (const peer of against) tell(peer, await measurePeer(peers, peer, workloads, scale))
  }
  const ratios = systems.flatMap((system) =>
    against.flatMap((peer) =>
      ratiosOf([system, bySystem.get(system) ?? []], [peer, bySystem.get(peer) ?? []])
    )
  )
  return [...figures.all, ...ratios]
}

async function measureSystem(
  system: System,
  { workloads, scale }: WorkloadsInit,
  figures: Figures
): Promise<Measures> {
  const programs = new Programs()
  try {
    const stage = system === 'embedded' ? undefined : await startWorkers(programs, 2)
    let measures: Measures = {}
    for (const workload of workloads) {
      if (LEFT_OUT.includes(`${system} ${workload}`)) continue
      const measured = await measureOne(
        programs,
        system,
        workload,
        tasksAt(workload, scale),
        stage,
        figures
      )
      measures = { ...measures, ...measured }
    }
    return measures
  } finally {
    await programs.end()
  }
}

async function measureOne(
  programs: Programs,
  system: System,
  workload: Workload,
  count: number,
  stage: Stage | undefined,
  figures: Figures
): Promise<Measures> {
  if (workload === 'w3') return await measureCommands(programs, system, count, stage)
  const loop = LOOP_OF[workload]
  const measured = await runClient(programs, { system, loop, count, bytes: MIB }, stage)
  if (workload === 'w1') addProcesses(figures, system, measured, count)
  return measuresOf(workload, measured, count)
}

function measuresOf(
  workload: keyof typeof LOOP_OF,
  measured: LoopFigures,
  count: number
): Measures {
  const rate = count / measured.seconds
  const cpu = (cpuOf(measured.usages) / count) * 1e6
  const { p50Ms = NaN, p99Ms = NaN, overIdeal = NaN, unitMs = NaN } = measured
  switch (workload) {
    case 'w1':
      return { w1Rate: rate, w1Cpu: cpu }
    case 'w2':
      return { w2P50: p50Ms, w2P99: p99Ms }
    case 'w4':
      return { w4Rate: rate, w4Cpu: cpu }
    case 'w5':
      return { w5Share: overIdeal, w5Unit: unitMs }
  }
}

/** Whose CPU and memory it was in W1. */
function addProcesses(
  figures: Figures,
  system: System,
  { usages }: LoopFigures,
  count: number
): void {
  for (const [group, { cpuS, peakMiB, processes }] of Object.entries(usages)) {
    if (processes === 0) continue
    const what = `${system}: W1, ${processes} ${group}`
    const subject = { bench: 'workloads', what }
    figures.add({ ...subject, what: `${what}, CPU`, unit: 'us/task' }, (cpuS / count) * 1e6)
    figures.add({ ...subject, what: `${what}, peak of one`, unit: 'MiB' }, peakMiB)
  }
}
