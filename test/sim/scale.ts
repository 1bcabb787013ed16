/**
 * What a long queue costs: bytes for each waiting task, and time for each task that is leased and
 * reported while all the others wait.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Master } from '../../src/core/master/master.ts'
import type { WorkerMessage } from '../../src/core/messages.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { Spec } from '../../src/core/spec.ts'
import type { JobId, NodeId, Payload } from '../../src/core/types.ts'

const ROUNDS = 2_000
const SLOTS = 8

/** One line of figures for a master with so many tasks waiting. */
export function measureScale(tasks: number): string {
  const job = 1 as JobId
  const worker = 'worker' as NodeId
  const master = new Master({ leaseMs: 6_000, keepMs: 60_000, isDurable: true, seed: 1 })
  const hear = (message: WorkerMessage): ReturnType<Master['handle']> =>
    master.handle({ type: 'message', worker, session: 1, message }, 0)
  const spec: Spec = {
    ...{ kind: 'shell', command: '', directory: '/', environment: {} },
    ...{ timeoutMs: undefined, outputBytesMax: 1024, slotsMax: undefined }
  }
  master.handle({ type: 'submit', job, spec, options: { priority: 0, retries: 0 } }, 0)
  const before = heapBytes()
  const input = new Uint8Array(0)
  for (let left = tasks; left > 0; left -= 1_000) {
    const inputs = new Array<Payload>(Math.min(1_000, left)).fill(input)
    master.handle({ type: 'add', job, inputs }, 0)
  }
  const bytes = (heapBytes() - before) / tasks
  hear({ type: 'hold', boot: 'b', name: 'w', slots: SLOTS, credit: SLOTS, attempts: [] })
  const startedAt = performance.now()
  for (let round = 1; round <= ROUNDS && master.state.waitingTasks > SLOTS; round++) {
    const held = [...(master.state.workers.get(worker)?.held ?? [])]
    hear({ type: 'offer', credit: SLOTS * (round + 1), withdrawn: 0, more: false })
    const result = emptyResult('success', '')
    hear({ type: 'report', reports: held.map((task) => ({ ...task.ref, result })) })
  }
  const done = master.state.jobs.get(job)?.counts.finished ?? 0
  const microseconds = ((performance.now() - startedAt) * 1000) / done
  return `${tasks} waiting: ${bytes.toFixed(0)} bytes each, ${microseconds.toFixed(2)} us for each of ${done} tasks leased and reported`
}

/** The heap without garbage; the collector can be reached only by a flag. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
