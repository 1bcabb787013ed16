/** The cable of one worker is pulled out and put back. */
import { cut } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll } from './support.ts'

export const cutAndHeal: Scenario = {
  name: 'cut-and-heal',
  summary: 'a worker is cut off for a while: nothing is lost, and it works again unaided',
  endMs: 180_000,
  build(world) {
    const master = world.addMaster()
    const plan = succeeds(100, 4_000)
    const worker = world.addWorker(2, plan)
    world.addWorker(2, plan)
    world.submit(master, { tasks: 20 })
    world.checkers.startsMax = 3
    cut(world, worker, world.rng.integer(600, 5_000), world.rng.integer(200, 30_000))
    world.clock.at(50_000, () => world.submit(master, { tasks: 20 }))
    world.faultsEndAt = 50_001
  },
  check(world) {
    mustAll(world, 'finished')
    const last = world.checkers.executions.slice(-20)
    must(
      world.workers.every((worker) => last.some(({ node }) => node === worker)),
      'a worker got no work after the network had healed'
    )
  }
}
