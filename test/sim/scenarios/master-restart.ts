/** The master dies, sometimes between its commit and its sends, and is rebuilt from its journal. */
import { crash, crashAfterCommit } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { mustAll } from './support.ts'

export const masterRestart: Scenario = {
  name: 'master-restart',
  summary: 'the master dies and is rebuilt from its journal: nothing is lost or recorded twice',
  endMs: 180_000,
  build(world) {
    const master = world.addMaster()
    for (let worker = 0; worker < 3; worker++) world.addWorker(2, succeeds(50, 3_000))
    world.submit(master, { tasks: 30 })
    world.checkers.startsMax = 4
    const { rng } = world
    crash(world, master, rng.integer(300, 4_000), rng.integer(50, 10_000))
    crashAfterCommit(world, master, 15_000 + rng.integer(0, 3_000), rng.integer(50, 3_000))
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
