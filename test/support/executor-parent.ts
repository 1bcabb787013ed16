/**
 * A process that runs one task through an executor, to be killed by a test.
 *
 *     node executor-parent.ts FOLDER WORK COMMAND
 */
import type { JobId, NodeId } from '../../src/core/types.ts'
import { createShellExecutor } from '../../src/exec/executor.ts'
import { NO_EVENTS } from './executors.ts'

// An executor does not keep its process alive.
setInterval(() => undefined, 1_000)

const [folder = '', directory = '', command = ''] = process.argv.slice(2)
const executor = await createShellExecutor({ slots: 1, folder }, NO_EVENTS)
const spec = {
  kind: 'shell',
  command: '',
  directory,
  environment: {},
  timeoutMs: undefined,
  outputBytesMax: 1_000_000,
  slotsMax: undefined
} as const
const input = Buffer.from(command)
const master = 'master' as NodeId
const ids = { run: 1, master, job: 1 as JobId, task: 1, attempt: 1 }
executor.start([{ ...ids, spec, input, bundles: new Map() }])
