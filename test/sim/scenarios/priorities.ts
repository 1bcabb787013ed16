/** More important jobs go first, older ones first among equals. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll, storiesOf } from './support.ts'

export const priorities: Scenario = {
  name: 'priorities',
  summary: 'a job of higher priority overtakes older ones; equals go in order',
  endMs: 120_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(2, succeeds(300, 300))
    world.submit(master, { tasks: 20, options: { priority: 0 } })
    world.submit(master, { tasks: 20, options: { priority: 0 } })
    world.clock.at(2_000, () => world.submit(master, { tasks: 10, options: { priority: 5 } }))
    world.faultsEndAt = 2_001
  },
  check(world) {
    mustAll(world, 'finished')
    const ends = storiesOf(world).map((story) => story.settledAt)
    const [first, second, urgent] = [ends.slice(0, 20), ends.slice(20, 40), ends.slice(40)]
    must(Math.max(...urgent) < Math.max(...first), 'the urgent job came after the first')
    must(Math.max(...first) <= Math.min(...second) + 600, 'the second job overtook the first')
  }
}
