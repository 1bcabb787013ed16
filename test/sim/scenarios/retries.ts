/** What fails on one machine is tried on another one first. */
import { alwaysEnds, succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll, storiesOf } from './support.ts'

export const retryElsewhere: Scenario = {
  name: 'retry-elsewhere',
  summary: 'a task that failed on one machine succeeds on another at its second attempt',
  endMs: 200_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(1, () => ({ ms: 1_500, outcome: 'failure' }))
    world.addWorker(1, succeeds(100, 1_000))
    world.submit(master, { tasks: 20, options: { retries: 1 } })
    world.checkers.startsMax = 2
  },
  check(world) {
    mustAll(world, 'finished')
  }
}

export const retryHere: Scenario = {
  name: 'retry-here',
  summary: 'with one machine only, a task that fails is tried there again, and then fails',
  endMs: 200_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(2, alwaysEnds('failure'))
    world.submit(master, { tasks: 10, options: { retries: 3 } })
    world.checkers.startsMax = 4
  },
  check(world) {
    mustAll(world, 'failed')
    const starts = storiesOf(world).map((story) => story.starts.length)
    must(Math.min(...starts) === 4, `a task got only ${Math.min(...starts)} attempts`)
  }
}
