/** A worker leaves politely: what it runs ends there, what it queued goes elsewhere. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll } from './support.ts'

export const drain: Scenario = {
  name: 'drain',
  summary: 'two workers leave, one at once: nothing waits for a lease to expire',
  endMs: 60_000,
  build(world) {
    const master = world.addMaster()
    const plan = succeeds(10, 1_500)
    const [gentle, hasty] = [world.addWorker(2, plan), world.addWorker(2, plan)]
    world.addWorker(2, plan)
    world.submit(master, { tasks: 40 })
    world.checkers.startsMax = 2
    world.clock.at(world.rng.integer(500, 4_000), () =>
      gentle.deliver({ type: 'drain', now: false })
    )
    world.clock.at(world.rng.integer(500, 4_000), () => hasty.deliver({ type: 'drain', now: true }))
    world.faultsEndAt = 4_001
  },
  check(world) {
    mustAll(world, 'finished')
    const left = world.workers.filter((worker) => worker.hasLeft).length
    must(left === 2, `${left} of 2 workers have left`)
    must(world.checkers.lastSettledAt < 25_000, `it took ${world.checkers.lastSettledAt} ms`)
  }
}
