/**
 * W1 with more and more worker nodes of one slot each: on a machine with few cores more of them are
 * no faster, and are to be no slower.
 */
import { Programs } from '../support/program.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { runClient } from './run-client.ts'
import { startWorkers } from './stage.ts'
import { cpuOf } from './usage.ts'

const BENCH = 'growth-workers'
const WORKERS = [1, 2, 4, 8, 16]
/**
 * Tasks before those that are measured, for each worker, so that all have run as much. Code of a
 * process is compiled for its first 50,000 tasks or so: that is the most of what young nodes do.
 */
const AGES = { young: 5_000, settled: 100_000 } as const

export async function measureGrowthWorkers(
  rounds: number,
  count: number,
  scale: number
): Promise<Figure[]> {
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    for (const workers of WORKERS) {
      for (const [age, warm] of Object.entries(AGES)) {
        await measureOnce(figures, workers, count, age, Math.round(warm * scale))
      }
    }
  }
  return figures.all
}

/** Workers of their own: those of another point would join in, since members tell of each other. */
async function measureOnce(
  figures: Figures,
  workers: number,
  count: number,
  age: string,
  warm: number
): Promise<void> {
  const programs = new Programs()
  try {
    const stage = await startWorkers(programs, workers)
    const task = { system: 'network', loop: 'noop', count, warm: warm * workers } as const
    const { seconds, usages } = await runClient(programs, task, stage)
    const at = { value: workers, unit: 'workers' }
    const rate = { bench: BENCH, what: `${age} nodes: no-op tasks one by one`, unit: 'tasks/s', at }
    figures.add(rate, count / seconds)
    const cpu = { bench: BENCH, what: `${age} nodes: CPU of all processes`, unit: 'us/task', at }
    figures.add(cpu, (cpuOf(usages) / count) * 1e6)
  } finally {
    await programs.end()
  }
}
