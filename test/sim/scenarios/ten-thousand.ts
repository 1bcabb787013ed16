/** One master and 10,000 workers, some of which die or fall silent. */
import { crash, cut, STORM, storm } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { mustAll } from './support.ts'

const WORKERS = 10_000
const TASKS = 50_000

export const tenThousand: Scenario = {
  name: 'ten-thousand',
  summary: '10,000 workers, a bad network, 100 crashes and cuts: 50,000 tasks finish',
  endMs: 200_000,
  build(world) {
    world.keepsJournal = false
    const master = world.addMaster()
    for (let worker = 0; worker < WORKERS; worker++) world.addWorker(1, succeeds(100, 2_000))
    world.submit(master, { tasks: TASKS })
    world.checkers.startsMax = 6
    storm(world, 15_000, { ...STORM, loss: 0.01, duplicates: 0.01, reordered: 0.01 })
    for (let fault = 0; fault < 100; fault++) {
      const worker = world.workers[fault * 100]
      if (worker === undefined) continue
      const at = world.rng.integer(1_000, 10_000)
      if (fault % 2 === 0) crash(world, worker, at, world.rng.integer(100, 5_000))
      else cut(world, worker, at, world.rng.integer(100, 5_000))
    }
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
