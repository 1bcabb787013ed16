/**
 * A raw libp2p stream, which is what large payloads are measured against.
 */
import { fileURLToPath } from 'node:url'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { timedModule } from './processes.ts'

const RAW = fileURLToPath(new URL('raw-stream.ts', import.meta.url))

export async function measureStream(rounds: number, mib: number): Promise<Figure[]> {
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    const { mibPerS } = await timedModule<{ mibPerS: number }>([RAW, String(mib)])
    const what = 'one raw libp2p stream, there and back'
    figures.add({ bench: 'stream', what, unit: 'MiB/s' }, mibPerS)
  }
  return figures.all
}
