/** Some workers are so slow that the job would wait for them, if it did not allow a second attempt. */
import { crash, crashAfterCommit, cut } from '../faults.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import type { MasterNode } from '../master-node.ts'
import type { World } from '../world.ts'
import { must, mustAll, storiesOf } from './support.ts'

const ENDLESS_MS = 600_000

/** One slow worker beside three, and a job of 40 tasks. */
function furnish(world: World, hedge: boolean): MasterNode {
  const master = world.addMaster()
  world.addWorker(2, succeeds(ENDLESS_MS, ENDLESS_MS))
  for (let worker = 0; worker < 3; worker++) world.addWorker(2, succeeds(500, 1_500))
  world.submit(master, { tasks: 40, options: { hedge } })
  return master
}

export const stragglers: Scenario = {
  name: 'stragglers',
  summary: 'a worker is endlessly slow: others end its tasks, and it is not waited for',
  endMs: 60_000,
  build(world) {
    furnish(world, true)
    world.checkers.startsMax = 2
  },
  check(world) {
    mustAll(world, 'finished')
    // 38 tasks at about 6 a second are 7 s; then come three times the median, and one more task.
    const took = world.checkers.lastSettledAt
    must(took < 12_000, `the job took ${took} ms`)
    must(world.checkers.hedged === 2, `${world.checkers.hedged} tasks had a second attempt`)
  }
}

export const stragglersAmid: Scenario = {
  name: 'stragglers-amid-faults',
  summary: 'the same while the master is restarted and workers are lost: one result for each task',
  endMs: 200_000,
  build(world) {
    const master = furnish(world, true)
    world.checkers.startsMax = 12
    const { rng, workers } = world
    crash(world, master, rng.integer(300, 15_000), rng.integer(50, 2_000))
    crashAfterCommit(world, master, 20_000 + rng.integer(0, 3_000), rng.integer(50, 2_000))
    for (const worker of workers) {
      const [at, forMs] = [rng.integer(0, 20_000), rng.integer(100, 9_000)]
      if (rng.next() < 0.5) crash(world, worker, at, forMs)
      else cut(world, worker, at, forMs)
    }
  },
  check(world) {
    mustAll(world, 'finished')
    const took = world.checkers.lastSettledAt
    must(took < 60_000, `the job took ${took} ms`)
  }
}

export const patience: Scenario = {
  name: 'patience',
  summary:
    'the same with a job that does not allow it: no task is run twice, and all is waited for',
  endMs: 2 * ENDLESS_MS,
  build(world) {
    furnish(world, false)
  },
  check(world) {
    mustAll(world, 'finished')
    const most = Math.max(...storiesOf(world).map(({ starts }) => starts.length))
    must(most === 1, `a task had ${most} attempts`)
    must(world.checkers.lastSettledAt >= ENDLESS_MS, 'somebody was not waited for')
  }
}
