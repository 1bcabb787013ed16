/**
 * The memory of one task that waits at a master without workers, as one line of JSON.
 *
 *     node --expose-gc waiting-memory.ts TASKS
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtModule } from './dist.ts'

const BATCH = 10_000

const { openStores, startMaster } = (await import(
  builtModule('node/start-master.js')
)) as typeof import('../../src/node/start-master.ts')
const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
const stores = await openStores(undefined, folder)
const { master } = await startMaster(stores, {
  ...{ boot: 'bench', leaseMs: 6_000, onNotice: () => undefined },
  onProblem: (text) => process.stderr.write(`${text}\n`)
})
const job = master.submit(
  {
    ...{ kind: 'shell', command: ':', directory: '/', environment: {} },
    ...{ timeoutMs: undefined, outputBytesMax: 1_000_000, slotsMax: undefined }
  },
  { priority: 0, retries: 0 }
)
const tasks = Number(process.argv[2])
const inputs = Array<Uint8Array>(BATCH).fill(new Uint8Array(0))
// What the first tasks of all bring with them is not counted.
master.add(job, inputs)
const before = memory()
for (let from = 0; from < tasks; from += BATCH) {
  master.add(job, inputs.slice(0, Math.min(BATCH, tasks - from)))
}
const bytes = (memory() - before) / tasks
master.stop()
rmSync(folder, { recursive: true })
process.stdout.write(`${JSON.stringify({ bytes })}\n`)

function memory(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
