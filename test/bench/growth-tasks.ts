/**
 * What a task costs as more of them wait: W1 at different sizes, and the memory of a waiting task.
 */
import { fileURLToPath } from 'node:url'
import { Programs } from '../support/program.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { timedModule } from './processes.ts'
import { runClient } from './run-client.ts'
import { sizesUpTo } from './sizes.ts'
import { startWorkers } from './stage.ts'

const BENCH = 'growth-tasks'
const SIZES = [1_000, 10_000, 100_000, 1_000_000]
/** A young process would say more of the compiler than of the number of tasks. */
const WARM = 5_000
/** The memory of fewer is lost in that of everything else. */
const COUNTED_MIN = 1_000
const MEMORY = fileURLToPath(new URL('waiting-memory.ts', import.meta.url))

export async function measureGrowthTasks(rounds: number, scale: number): Promise<Figure[]> {
  const figures = new Figures()
  const programs = new Programs()
  try {
    const stage = await startWorkers(programs, 2)
    for (let round = 0; round < rounds; round++) {
      for (const count of sizesUpTo(SIZES, scale)) {
        const at = { value: count, unit: 'waiting tasks' }
        for (const system of ['embedded', 'network'] as const) {
          const task = { system, loop: 'noop', count, warm: WARM } as const
          const { seconds } = await runClient(programs, task, stage)
          const subject = { bench: BENCH, what: `${system}: time per task`, unit: 'us', at }
          figures.add(subject, (seconds / count) * 1e6)
        }
        if (count < COUNTED_MIN) continue
        const { bytes } = await timedModule<{ bytes: number }>([
          ...['--expose-gc', MEMORY, String(count)]
        ])
        const what = 'a waiting task at the master, beside its input'
        figures.add({ bench: BENCH, what, unit: 'bytes', at }, bytes)
      }
    }
  } finally {
    await programs.end()
  }
  return figures.all
}
