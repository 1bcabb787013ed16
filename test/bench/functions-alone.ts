/**
 * The built executor for functions without a node around it, in two slots. Prints what it measures
 * as one line of JSON.
 *
 *     node functions-alone.ts ISOLATION TASKS
 *
 * Tasks are handed over as the worker machine does it: some more than the slots, 10 ms ahead.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FunctionSpec } from '../../src/core/spec.ts'
import type { BlobId, Isolation, JobId, NodeId } from '../../src/core/types.ts'

/** What one process measures, in the units that its names end with. */
export interface FunctionFigures {
  readonly openMs: number
  readonly firstMs: number
  readonly tasksPerS: number
  readonly nodeUs: number
  readonly roundTripUs: number
  readonly roundTripP99Us: number
  readonly mibPerS: number
}

const SLOTS = 2
const AHEAD = 400
const ROUND_TRIPS = 3_000
const LARGE_TASKS = 200
const CODE = 'export const noop = () => {}\nexport const echo = (value) => value\n'

const DIST = new URL('../../dist/', import.meta.url)
const [isolation = 'none', count = '20000'] = process.argv.slice(2)
const { createFunctionExecutor } = (await import(
  new URL('exec/functions/function-executor.js', DIST).href
)) as typeof import('../../src/exec/functions/function-executor.ts')
const { encodeCalls } = (await import(
  new URL('values/calls.js', DIST).href
)) as typeof import('../../src/values/calls.ts')

const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-functions-'))
const bundle = createHash('sha256').update(CODE).digest('hex') as BlobId
const file = join(folder, bundle)
writeFileSync(file, CODE)
const waiting = new Map<number, () => void>()
let runs = 0
// An executor does not keep its process alive.
const alive = setInterval(() => undefined, 1_000)

const openedAt = performance.now()
const executor = await createFunctionExecutor(
  { slots: SLOTS, folder, isolation: isolation as Isolation, requiresSandbox: false },
  {
    onStarted: () => undefined,
    onProgress: () => undefined,
    onPrinted: () => undefined,
    onNotice: (text) => process.stderr.write(`${text}\n`),
    onNoSpace: () => undefined,
    onEnded(ends) {
      for (const { run, result } of ends) {
        if (result.outcome !== 'success') throw new Error(result.reason)
        if ('path' in result.value) rmSync(result.value.path)
        else if ('held' in result.value) result.value.letGo()
        waiting.get(run)?.()
        waiting.delete(run)
      }
    }
  }
)
const openMs = performance.now() - openedAt

function specOf(exportName: string): FunctionSpec {
  return {
    kind: 'function',
    function: { bundle: { blob: bundle, bytes: CODE.length }, exportName },
    ...{ initializer: undefined, tasksPerChildMax: undefined, isAlone: false },
    ...{ memoryBytesMax: undefined, timeoutMs: undefined, outputBytesMax: 1_000_000 },
    slotsMax: undefined
  }
}

/** Runs `total` tasks, at most `ahead` of them more than the slots at a time. */
async function runAll(
  spec: FunctionSpec,
  input: Uint8Array,
  total: number,
  ahead: number
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let given = 0
  let ended = 0
  let isDue = false
  const bundles = new Map([[bundle, file]])
  const give = (): void => {
    isDue = false
    const starts = []
    while (given < total && given - ended < SLOTS + ahead) {
      given++
      const ids = { run: ++runs, master: 'bench' as NodeId, job: 1 as JobId, task: given }
      waiting.set(ids.run, onEnd)
      starts.push({ ...ids, attempt: 1, spec, input, bundles })
    }
    if (starts.length > 0) executor.start(starts)
  }
  const onEnd = (): void => {
    if (++ended === total) resolve(undefined)
    else if (!isDue) queueMicrotask(give)
    isDue = true
  }
  give()
  await promise
}

const noop = specOf('noop')
const noArguments = encodeCalls([[]])
await runAll(noop, noArguments, 1, 0)
const firstMs = performance.now() - openedAt
await runAll(noop, noArguments, Number(count), AHEAD)

const cpuBefore = process.cpuUsage()
const manyAt = performance.now()
await runAll(noop, noArguments, Number(count), AHEAD)
const manyMs = performance.now() - manyAt
const { user, system } = process.cpuUsage(cpuBefore)

const roundTrips: number[] = []
for (let each = 0; each < ROUND_TRIPS; each++) {
  const startedAt = performance.now()
  await runAll(noop, noArguments, 1, 0)
  roundTrips.push((performance.now() - startedAt) * 1000)
}
roundTrips.sort((a, b) => a - b)

const largeAt = performance.now()
await runAll(specOf('echo'), encodeCalls([[new Uint8Array(1024 * 1024)]]), LARGE_TASKS, 2)
const largeMs = performance.now() - largeAt

const figures: FunctionFigures = {
  openMs,
  firstMs,
  tasksPerS: Number(count) / (manyMs / 1000),
  nodeUs: (user + system) / Number(count),
  roundTripUs: roundTrips[ROUND_TRIPS / 2] ?? NaN,
  roundTripP99Us: roundTrips[ROUND_TRIPS * 0.99] ?? NaN,
  mibPerS: LARGE_TASKS / (largeMs / 1000)
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
await executor.close()
clearInterval(alive)
rmSync(folder, { recursive: true })
