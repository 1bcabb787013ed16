/**
 * The built executor for commands without a node around it: runs one command for each number up to
 * TASKS in two slots, all given at once, and ends.
 *
 *     node executor-alone.ts TASKS COMMAND
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ShellSpec } from '../../src/core/spec.ts'
import type { JobId, NodeId } from '../../src/core/types.ts'

const DIST = new URL('../../dist/exec/executor.js', import.meta.url)

const [count = '', command = ''] = process.argv.slice(2)
const { createShellExecutor } = (await import(
  DIST.href
)) as typeof import('../../src/exec/executor.ts')
const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-executor-'))
const { promise: done, resolve, reject } = Promise.withResolvers<undefined>()
let left = Number(count)
// An executor does not keep its process alive.
const alive = setInterval(() => undefined, 1_000)
const executor = await createShellExecutor(
  { slots: 2, folder },
  {
    onStarted: () => undefined,
    onProgress: () => undefined,
    onPrinted: () => undefined,
    onNotice: (text) => reject(new Error(text)),
    onNoSpace: () => undefined,
    onEnded(ends) {
      for (const { result } of ends)
        if (result.outcome !== 'success') reject(new Error(result.reason))
      left -= ends.length
      if (left === 0) resolve(undefined)
    }
  }
)
const spec: ShellSpec = {
  ...{ kind: 'shell', command, directory: '/', environment: {} },
  ...{ timeoutMs: undefined, outputBytesMax: 1_000_000, slotsMax: undefined }
}
const ids = { master: 'bench' as NodeId, job: 1 as JobId, attempt: 1, bundles: new Map() }
executor.start(
  Array.from({ length: left }, (_, at) => {
    return { ...ids, run: at + 1, task: at + 1, spec, input: Buffer.from(String(at + 1)) }
  })
)
await done
await executor.close()
clearInterval(alive)
rmSync(folder, { recursive: true })
