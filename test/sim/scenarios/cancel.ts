/** A user changes their mind in the middle of a job. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, storiesOf } from './support.ts'

export const cancel: Scenario = {
  name: 'cancel',
  summary: 'a job is canceled half-way: what ran is stopped, the next job gets the slots',
  endMs: 60_000,
  build(world) {
    const master = world.addMaster()
    for (let worker = 0; worker < 2; worker++) world.addWorker(2, succeeds(500, 20_000))
    const job = world.submit(master, { tasks: 50 })
    world.clock.at(world.rng.integer(1_000, 8_000), () => {
      world.tell(master, { type: 'cancel', job, reason: 'canceled by its user' })
      world.submit(master, { tasks: 4 })
    })
    world.faultsEndAt = 8_001
  },
  check(world) {
    const stories = storiesOf(world)
    const canceled = stories.slice(0, 50).filter((story) => story.end === 'canceled').length
    must(canceled >= 20, `only ${canceled} tasks were canceled`)
    must(
      stories.slice(50).every((story) => story.end === 'finished'),
      'the job after the canceled one did not finish'
    )
  }
}
