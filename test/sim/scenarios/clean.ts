/** Nothing goes wrong: every task is started once, and all finish. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { mustAll } from './support.ts'

export const clean: Scenario = {
  name: 'clean',
  summary: 'nothing goes wrong: every task is started exactly once and finishes',
  endMs: 120_000,
  build(world) {
    const master = world.addMaster()
    for (let worker = 0; worker < 3; worker++) world.addWorker(2, succeeds(1, 200))
    world.submit(master, { tasks: 40 })
    world.clock.at(1_000, () => world.submit(master, { tasks: 10 }))
    world.checkers.startsMax = 1
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
