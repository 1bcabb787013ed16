/**
 * One way of p2pjobs, through the workloads, with workers of its own.
 */
import { Programs } from '../support/program.ts'
import { measureCommands } from './commands.ts'
import type { LoopFigures, LoopName } from './loops.ts'
import type { Measures, Workload } from './measures.ts'
import { tasksAt } from './measures.ts'
import { runClient } from './run-client.ts'
import { startWorkers } from './stage.ts'
import type { Stage } from './stage.ts'
import type { System } from './systems.ts'
import { cpuOf } from './usage.ts'
import type { Usages } from './usage.ts'

/** One workload once. */
export interface Run {
  readonly workload: Workload
  readonly count: number
  readonly measures: Measures
  readonly usages: Usages
}

const MIB = 1024 * 1024
/** What `p2pjobs` itself says to V8: see src/cli/heap-options.ts. */
const BYTES_COUNT_AS_OBJECTS = '--external-memory-accounted-in-global-limit'
const LOOP_OF = {
  ...{ w1: 'noop', w2: 'alone', w4: 'echo', w5: 'burn' }
} as const satisfies Partial<Record<Workload, LoopName>>
/** Arguments larger than a message do not get into a durable master. */
const LEFT_OUT: readonly string[] = ['durable w4']

export async function measureSystem(
  system: System,
  workloads: readonly Workload[],
  scale: number
): Promise<Run[]> {
  const programs = new Programs()
  const runs: Run[] = []
  try {
    const stage = system === 'embedded' ? undefined : await startWorkers(programs, 2)
    for (const workload of workloads) {
      if (LEFT_OUT.includes(`${system} ${workload}`)) continue
      const count = tasksAt(workload, scale)
      runs.push({ workload, count, ...(await measure(programs, system, workload, count, stage)) })
    }
    return runs
  } finally {
    await programs.end()
  }
}

async function measure(
  programs: Programs,
  system: System,
  workload: Workload,
  count: number,
  stage: Stage | undefined
): Promise<Pick<Run, 'measures' | 'usages'>> {
  if (workload === 'w3') return await measureCommands(programs, system, count, stage)
  const loop = LOOP_OF[workload]
  const task = { system, loop, count, bytes: MIB }
  const measured = await runClient(programs, task, stage)
  const measures = measuresOf(workload, measured, count)
  if (workload !== 'w4') return { measures, usages: measured.usages }
  const { seconds } = await runClient(programs, task, stage, [BYTES_COUNT_AS_OBJECTS])
  return { measures: { ...measures, w4Counted: count / seconds }, usages: measured.usages }
}

function measuresOf(
  workload: keyof typeof LOOP_OF,
  { seconds, usages, ...more }: LoopFigures,
  count: number
): Measures {
  const cpuUs = (cpuOf(usages) / count) * 1e6
  const { p50Ms = NaN, p99Ms = NaN, overIdeal = NaN, unitMs = NaN } = more
  switch (workload) {
    case 'w1':
      return { w1Rate: count / seconds, w1Cpu: cpuUs }
    case 'w2':
      return { w2P50: p50Ms, w2P99: p99Ms }
    case 'w4':
      return { w4Rate: count / seconds, w4Cpu: cpuUs }
    case 'w5':
      return { w5Share: overIdeal, w5Unit: unitMs }
  }
}
