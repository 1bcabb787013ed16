/**
 * A master is away for long. Its worker ends what it has, is killed and started again, and still
 * has all of it when the master is back.
 */
import { crash } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll } from './support.ts'

export const masterAway: Scenario = {
  name: 'master-away',
  summary: 'worker and master are restarted, one after the other: no task is started twice',
  endMs: 180_000,
  build(world) {
    const { rng } = world
    const master = world.addMaster()
    // Short ones, which are kept when nobody accepts them, and long ones, which always are.
    const plan = rng.next() < 0.5 ? succeeds(20, 200) : succeeds(500, 3_000)
    const worker = world.addWorker(rng.integer(1, 4), plan)
    world.submit(master, { tasks: 60 })
    crash(world, master, rng.integer(600, 1_500), 40_000)
    // By then, the worker has noticed, and has nothing left to do.
    crash(world, worker, rng.integer(15_000, 20_000), rng.integer(100, 30_000))
  },
  check(world) {
    mustAll(world, 'finished')
    must(world.checkers.restored > 0, 'nothing was restored')
  }
}
