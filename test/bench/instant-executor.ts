/**
 * An executor whose tasks end as soon as they begin: it has no processes.
 */
import { emptyResult } from '../../src/core/result.ts'
import type { Executor, ExecutorEvents } from '../../src/exec/executor.ts'

const NOTHING = new Uint8Array(0)

export function instantExecutor(events: ExecutorEvents): Executor {
  const result = { ...emptyResult('success', ''), stdout: NOTHING, stderr: NOTHING, value: NOTHING }
  return {
    start: (tasks) => {
      setImmediate(() => {
        const runs = tasks.map(({ run }) => run)
        events.onStarted(runs)
        events.onEnded(runs.map((run) => ({ run, result })))
      })
    },
    stop: () => undefined,
    recall: () => undefined,
    read: () => Promise.resolve(undefined),
    close: () => Promise.resolve()
  }
}
