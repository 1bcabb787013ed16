/**
 * Many workers of a network in one process, which never have anything to do. They do not listen, so
 * that they connect to the master only and not to one another. Prints `joined` once all of them
 * have reached the master, and ends with its stdin or by SIGTERM.
 *
 *     P2PJOBS_TOKEN=... node idle-workers.ts ADDRESS FIRST COUNT
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtModule } from './dist.ts'
import { instantExecutor } from './instant-executor.ts'

const { BlobStore } = (await import(
  builtModule('blobs/blob-store.js')
)) as typeof import('../../src/blobs/blob-store.ts')
const { NetworkRole } = (await import(
  builtModule('node/network-role.js')
)) as typeof import('../../src/node/network-role.ts')
const { WorkerRole } = (await import(
  builtModule('node/worker-role.js')
)) as typeof import('../../src/node/worker-role.ts')
const { parseToken } = (await import(
  builtModule('trust/token.js')
)) as typeof import('../../src/trust/token.ts')

const [address = '', first = '0', count = '1'] = process.argv.slice(2)
const credentials = parseToken(process.env['P2PJOBS_TOKEN'] ?? '')
const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
const blobs = new BlobStore(folder)
const onProblem = (text: string): void => void process.stderr.write(`${text}\n`)

async function startWorker(name: string): Promise<void> {
  const reached = Promise.withResolvers<undefined>()
  const boot = randomUUID()
  const worker = await WorkerRole.create({
    config: { boot, name, slots: 1 },
    ...{ blobs, onProblem, createExecutor: (events) => Promise.resolve(instantExecutor(events)) }
  })
  await NetworkRole.start({
    options: {
      ...{ seed: randomBytes(32), credentials, listen: [], join: [address] },
      isDiscovering: false
    },
    ...{ boot, name, blobs, master: undefined, worker },
    listener: {
      onProblem,
      onNotice: () => undefined,
      onMember: ({ status }) => status === 'alive' && reached.resolve(undefined)
    }
  })
  await reached.promise
}

process.once('exit', () => rmSync(folder, { recursive: true }))
process.once('SIGTERM', () => process.exit(0))
process.stdin.on('end', () => process.exit(0)).resume()
await Promise.all(
  Array.from({ length: Number(count) }, (_, at) => startWorker(`idle-${Number(first) + at}`))
)
process.stdout.write('joined\n')
