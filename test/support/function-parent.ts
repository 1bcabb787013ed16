/**
 * A process that runs one function through an executor and says when it has begun, to be killed by
 * a test.
 *
 *     node function-parent.ts ISOLATION FOLDER BUNDLE EXPORT ARGUMENT
 */
import { basename } from 'node:path'
import type { BlobId, Isolation, JobId, NodeId } from '../../src/core/types.ts'
import { createFunctionExecutor } from '../../src/exec/functions/function-executor.ts'
import { encodeCalls } from '../../src/values/calls.ts'
import { NO_EVENTS } from './executors.ts'

const [isolation = '', folder = '', file = '', exportName = '', argument = ''] =
  process.argv.slice(2)
// An executor does not keep its process alive.
setInterval(() => undefined, 1_000)
const bundle = basename(file) as BlobId
const executor = await createFunctionExecutor(
  { slots: 1, folder, isolation: isolation as Isolation, requiresSandbox: false },
  { ...NO_EVENTS, onProgress: () => process.stdout.write('begun\n') }
)
const spec = {
  kind: 'function',
  function: { bundle: { blob: bundle, bytes: 1 }, exportName },
  initializer: undefined,
  tasksPerChildMax: undefined,
  isAlone: false,
  memoryBytesMax: undefined,
  timeoutMs: undefined,
  outputBytesMax: 1_000_000,
  slotsMax: undefined
} as const
const ids = { run: 1, master: 'master' as NodeId, job: 1 as JobId, task: 1, attempt: 1 }
const input = encodeCalls([[argument]])
executor.start([{ ...ids, spec, input, bundles: new Map([[bundle, file]]) }])
