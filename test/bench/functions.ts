/**
 * The executor for functions alone, with and without the sandbox: how fast it starts, how many
 * no-op tasks a second it runs, how long one takes there and back, and 1 MiB there and back.
 */
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'
import type { FunctionFigures } from './functions-alone.ts'
import { timed } from './processes.ts'

const ALONE = fileURLToPath(new URL('functions-alone.ts', import.meta.url))

const SHOWN: readonly (readonly [keyof FunctionFigures, what: string, unit: string])[] = [
  ['openMs', 'opened, the launcher and the probe of the sandbox', 'ms'],
  ['firstMs', 'first result, from before it was opened', 'ms'],
  ['tasksPerS', 'no-op tasks', 'tasks/s'],
  ['nodeUs', 'CPU of the node for each', 'us'],
  ['roundTripUs', 'one task there and back, p50', 'us'],
  ['roundTripP99Us', 'one task there and back, p99', 'us'],
  ['mibPerS', '1 MiB there and back', 'MiB/s']
]

export async function measureFunctions(rounds: number, tasks: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const isolation of ['none', 'bwrap']) {
    const all: FunctionFigures[] = []
    for (let round = 0; round < rounds; round++) {
      const words = [ALONE, isolation, String(tasks)]
      const { stdout } = await timed(process.execPath, words)
      all.push(JSON.parse(stdout.toString()) as FunctionFigures)
    }
    for (const [name, what, unit] of SHOWN) {
      const bench = `functions, ${tasks} tasks, isolation ${isolation}`
      figures.push({ bench, what: `${what} (${isolation})`, unit, values: all.map((f) => f[name]) })
    }
  }
  return figures
}
