/**
 * Payloads of different sizes there and back.
 */
import { Programs } from '../support/program.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { runClient } from './run-client.ts'
import { startWorkers } from './stage.ts'

const BENCH = 'growth-payloads'
const KIB = 1_024
const MIB = KIB * KIB
const SIZES = [64, 512, 4 * KIB, 32 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB]
/** Of all payloads of a size together. */
const TOTAL_BYTES = 128 * MIB
const [TASKS_MIN, TASKS_MAX] = [4, 5_000]

export async function measureGrowthPayloads(rounds: number, scale: number): Promise<Figure[]> {
  const figures = new Figures()
  const programs = new Programs()
  try {
    const stage = await startWorkers(programs, 2)
    for (let round = 0; round < rounds; round++) {
      for (const bytes of SIZES) {
        const count = payloadsOf(bytes, scale)
        for (const system of ['embedded', 'network'] as const) {
          const { seconds } = await runClient(
            programs,
            { system, loop: 'echo', count, bytes },
            stage
          )
          const at = { value: bytes, unit: 'bytes' }
          const what = `${system}: payloads there and back`
          figures.add({ bench: BENCH, what, unit: 'MiB/s', at }, (count * bytes) / MIB / seconds)
        }
      }
    }
  } finally {
    await programs.end()
  }
  return figures.all
}

function payloadsOf(bytes: number, scale: number): number {
  const [whole, most] = [(TOTAL_BYTES * scale) / bytes, TASKS_MAX * scale]
  return Math.round(Math.max(TASKS_MIN, Math.min(whole, most)))
}
