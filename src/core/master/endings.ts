/**
 * Ends many tasks at once, wherever they are, and asks their workers to end theirs.
 */
import { emptyResult } from '../result.ts'
import { inMessages } from '../split.ts'
import type { EndState, Task } from '../task.ts'
import type { AttemptRef, Millis, NodeId } from '../types.ts'
import { settle } from './outcome.ts'
import type { MasterState } from './state.ts'

export function endAll(
  state: MasterState,
  tasks: readonly Task[],
  end: EndState,
  reason: string,
  now: Millis
): void {
  askToStop(state, tasks)
  const workers = new Set<NodeId>()
  const result = emptyResult('failure', reason)
  for (const task of tasks) {
    if (task.isHeld && task.worker !== undefined) workers.add(task.worker)
    settle(state, task, end, task.worker, result)
  }
  // They hold less now.
  for (const worker of workers) {
    const view = state.workers.get(worker)
    if (view !== undefined) state.file(view, now)
  }
}

function askToStop(state: MasterState, tasks: readonly Task[]): void {
  const running = new Map<NodeId, AttemptRef[]>()
  for (const task of tasks) {
    if (!task.isHeld || task.worker === undefined) continue
    const attempts = running.get(task.worker) ?? []
    if (attempts.push(task.ref) === 1) running.set(task.worker, attempts)
  }
  for (const [worker, attempts] of running) {
    const view = state.workers.get(worker)
    if (view === undefined) continue
    for (const part of inMessages(attempts, () => 0)) {
      state.send(view, { type: 'cancel', attempts: part })
    }
  }
}
