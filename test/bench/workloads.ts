/**
 * The workloads of bench/peers, W1 to W5, for p2pjobs in three ways, and beside peers if any are
 * named: one after the other in each round, every round with workers of its own.
 */
import type { BenchArguments } from './arguments.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { BENCH, ratiosOf, subjectOf } from './measures.ts'
import type { MeasureName, Measures } from './measures.ts'
import { measureSystem } from './ours.ts'
import type { Run } from './ours.ts'
import { measurePeer, peersFolder } from './peers.ts'

type WorkloadsInit = Pick<BenchArguments, 'rounds' | 'scale' | 'workloads' | 'systems' | 'against'>

export async function measureWorkloads(init: WorkloadsInit): Promise<Figure[]> {
  const { rounds, scale, workloads, systems, against } = init
  const ours = new Map<string, Measures[]>(systems.map((name) => [name, []]))
  const theirs = new Map<string, Measures[]>(against.map((name) => [name, []]))
  const processes = new Figures()
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) {
      const runs = await measureSystem(system, workloads, scale)
      ours.get(system)?.push(Object.assign({}, ...runs.map(({ measures }) => measures)) as Measures)
      for (const run of runs) addProcesses(processes, system, run)
    }
    for (const peer of against) {
      const folder = peersFolder(process.env, against)
      theirs.get(peer)?.push(await measurePeer(folder, peer, workloads, scale))
    }
  }
  const ratios = [...ours].flatMap((mine) => [...theirs].flatMap((peer) => ratiosOf(mine, peer)))
  return [...figuresOf([...ours, ...theirs]), ...ratios, ...processes.all]
}

function figuresOf(systems: readonly (readonly [string, readonly Measures[]])[]): Figure[] {
  const figures = new Figures()
  for (const [system, rounds] of systems) {
    for (const [name, value] of rounds.flatMap((measures) => Object.entries(measures))) {
      if (Number.isFinite(value)) figures.add(subjectOf(system, name as MeasureName), value)
    }
  }
  return figures.all
}

/** Whose CPU and memory it was. */
function addProcesses(figures: Figures, system: string, { workload, count, usages }: Run): void {
  for (const [group, { cpuS, peakMiB, processes }] of Object.entries(usages)) {
    if (processes === 0) continue
    const detail = workload === 'w1' ? {} : ({ isDetail: true } as const)
    const what = `${system}: ${workload.toUpperCase()} ${group}`
    const add = (more: string, unit: string, value: number): void =>
      figures.add({ bench: BENCH, what: `${what}, ${more}`, unit, ...detail }, value)
    add('CPU', 'us/task', (cpuS / count) * 1e6)
    add('memory of the largest', 'MiB', peakMiB)
  }
}
