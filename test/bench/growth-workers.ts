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
/** For each worker, so that all have run as much: their processes' compilers are not the subject. */
const WARM = 5_000

export async function measureGrowthWorkers(rounds: number, count: number): Promise<Figure[]> {
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    for (const workers of WORKERS) await measureOnce(figures, workers, count)
  }
  return figures.all
}

/** Workers of their own: those of another point would join in, since members tell of each other. */
async function measureOnce(figures: Figures, workers: number, count: number): Promise<void> {
  const programs = new Programs()
  try {
    const stage = await startWorkers(programs, workers)
    const task = { system: 'network', loop: 'noop', count, warm: WARM * workers } as const
    const { seconds, usages } = await runClient(programs, task, stage)
    const at = { value: workers, unit: 'workers' }
    const rate = { bench: BENCH, what: 'network: no-op tasks one by one', unit: 'tasks/s', at }
    figures.add(rate, count / seconds)
    const cpu = { bench: BENCH, what: 'network: CPU of all processes', unit: 'us/task', at }
    figures.add(cpu, (cpuOf(usages) / count) * 1e6)
  } finally {
    await programs.end()
  }
}
