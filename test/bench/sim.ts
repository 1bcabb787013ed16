/**
 * The simulator: events per second with 10,000 workers, and the time for 1,000 seeds.
 */
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'
import { timed } from './processes.ts'

const MAIN = fileURLToPath(new URL('../sim/main.ts', import.meta.url))

export async function measureSimulator(rounds: number): Promise<Figure[]> {
  return [
    ...(await measure('10,000 workers', rounds, { SCENARIO: 'ten-thousand' })),
    ...(await measure('1,000 seeds of chaos', rounds, { SCENARIO: 'chaos', SEEDS: '1000' }))
  ]
}

async function measure(
  what: string,
  rounds: number,
  env: Readonly<Record<string, string>>
): Promise<Figure[]> {
  const bench = 'simulator'
  const rates: number[] = []
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { seconds, stdout } = await timed(process.execPath, [MAIN], { env })
    const found = /: ([0-9,]+) events in/.exec(stdout.toString())
    times.push(seconds)
    rates.push(Number(found?.[1]?.replaceAll(',', '')) / seconds)
  }
  return [
    { bench, what, unit: 'events/s', values: rates },
    { bench, what, unit: 's', values: times }
  ]
}
