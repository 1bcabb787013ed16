/**
 * What the calls of a pool cost a program that is warm: on this machine's cores, and on two worker
 * nodes over loopback.
 */
import { fileURLToPath } from 'node:url'
import { Programs } from '../support/program.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { timedModule } from './processes.ts'
import { startWorkers } from './stage.ts'

const CLIENT = fileURLToPath(new URL('pool-client.ts', import.meta.url))
const UNITS: Readonly<Record<string, readonly [what: string, unit: string]>> = {
  openMs: ['Pool.open', 'ms'],
  firstMs: ['Pool.open to the first result', 'ms'],
  oneByOne: ['calls submitted one by one', 'calls/s'],
  map: ['items of map, default chunks', 'items/s'],
  p50Ms: ['one call alone, p50', 'ms'],
  p99Ms: ['one call alone, p99', 'ms'],
  lazy: ['items of imap, chunks of 1,000', 'items/s'],
  peakMiB: ['peak memory of the client', 'MiB']
}

export async function measurePool(
  rounds: number,
  tasks: number,
  lazyTasks: number
): Promise<Figure[]> {
  const figures = new Figures()
  const programs = new Programs()
  try {
    const { addresses, token } = await startWorkers(programs, 2)
    const env = { P2PJOBS_HOME: programs.home(), P2PJOBS_TOKEN: token }
    for (let round = 0; round < rounds; round++) {
      for (const [kind, workers] of [
        ['embedded', []],
        ['network', addresses]
      ] as const) {
        const words = [CLIENT, String(tasks), String(lazyTasks), ...workers]
        const measured = await timedModule<Record<string, number>>(words, env)
        for (const [name, value] of Object.entries(measured)) {
          const [what, unit] = UNITS[name] ?? [name, '']
          figures.add({ bench: 'pool', what: `${kind}: ${what}`, unit }, value)
        }
      }
    }
  } finally {
    await programs.end()
  }
  return figures.all
}
