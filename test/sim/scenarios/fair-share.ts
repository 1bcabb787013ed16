/** Two people share a network: who submits more does not get more. */
import type { Millis } from '../../../src/core/types.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll, storiesOf, submitAt } from './support.ts'

const TASK_MS: Millis = 200
const SLOTS = 2
const WORKERS = 3
const JOBS = 20
const TASKS = 15

export const fairShare: Scenario = {
  name: 'fair-share',
  summary: 'a submitter with one job has half of the slots beside one with twenty older ones',
  endMs: 200_000,
  build(world) {
    const master = world.addMaster()
    for (let worker = 0; worker < WORKERS; worker++) {
      world.addWorker(SLOTS, succeeds(TASK_MS / 2, TASK_MS))
    }
    for (let job = 0; job < JOBS; job++) {
      submitAt(world, master, 1_000, { tasks: TASKS, options: { submitter: 'ann' } })
    }
    submitAt(world, master, 2_000, { tasks: 60, options: { submitter: 'bob' } })
  },
  check(world) {
    mustAll(world, 'finished')
    const bobs = storiesOf(world).slice(-60)
    const took = Math.max(...bobs.map(({ settledAt }) => settledAt)) - 2_000
    // 60 tasks in half of six slots; ann's whole backlog would take as long again.
    const ideal = (60 * 0.75 * TASK_MS) / ((SLOTS * WORKERS) / 2)
    must(took < 1.5 * ideal, `bob's job took ${took} ms, ${ideal} would be fair`)
  }
}
