/** A slow machine must not sit on work that a fast one could do. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll } from './support.ts'

export const slowAndFast: Scenario = {
  name: 'slow-and-fast',
  summary: 'one worker is fifty times slower: the job ends about when its last task does',
  endMs: 200_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(2, succeeds(5_000, 5_000))
    world.addWorker(2, succeeds(100, 100))
    world.submit(master, { tasks: 200 })
  },
  check(world) {
    mustAll(world, 'finished')
    // 200 tasks at 20 a second are 10 s; the slow worker may be in the middle of one then.
    const took = world.checkers.lastSettledAt
    must(took < 16_500, `the job took ${took} ms`)
  }
}
