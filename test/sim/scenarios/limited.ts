/** A job may run a single task on each worker, and its tasks are short. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll, submitAt } from './support.ts'

const TASKS = 400
const TASK_MS = 2
const FROM_MS = 1_000

export const limited: Scenario = {
  name: 'limited',
  summary: 'short tasks of a job that may run one on each worker are kept in hand like others',
  endMs: 60_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(4, succeeds(TASK_MS, TASK_MS))
    submitAt(world, master, FROM_MS, { tasks: TASKS, spec: { slotsMax: 1 } })
    world.checkers.startsMax = 1
  },
  check(world) {
    mustAll(world, 'finished')
    // A round trip for each of them would take three times as long.
    const took = world.checkers.lastSettledAt - FROM_MS
    must(took < 1.6 * TASKS * TASK_MS, `${TASKS} tasks of ${TASK_MS} ms took ${took} ms`)
  }
}
