/** A worker sleeps past its lease, and wakes up with results that nobody waits for. */
import { pause } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { mustAll } from './support.ts'

export const zombie: Scenario = {
  name: 'zombie',
  summary: 'a worker sleeps past its lease and reports late: one result per task is recorded',
  endMs: 180_000,
  build(world) {
    const master = world.addMaster()
    const plan = succeeds(500, 6_000)
    const sleeper = world.addWorker(2, plan)
    world.addWorker(2, plan)
    world.submit(master, { tasks: 16 })
    world.checkers.startsMax = 4
    pause(world, sleeper, world.rng.integer(600, 3_000), world.rng.integer(6_000, 15_000))
    pause(world, sleeper, 20_000, world.rng.integer(500, 10_000))
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
