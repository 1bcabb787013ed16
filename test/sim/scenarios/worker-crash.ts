/** Workers die in the middle of their tasks; one of them never comes back. */
import { crash } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { mustAll } from './support.ts'

export const workerCrash: Scenario = {
  name: 'worker-crash',
  summary: 'workers die with tasks in hand, one for good: their tasks finish elsewhere',
  endMs: 120_000,
  build(world) {
    const master = world.addMaster()
    const plan = succeeds(100, 3_000)
    const [first, second] = [world.addWorker(2, plan), world.addWorker(2, plan)]
    world.addWorker(2, plan)
    world.submit(master, { tasks: 30 })
    world.checkers.startsMax = 4
    crash(world, first, world.rng.integer(600, 6_000), Infinity)
    crash(world, second, world.rng.integer(600, 10_000), world.rng.integer(100, 20_000))
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
