/** A worker on which everything fails at once must not eat the queue. */
import { reset } from '../faults.ts'
import { alwaysEnds, succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll, storiesOf, submitAt } from './support.ts'

const TASKS = 200

export const failingHole: Scenario = {
  name: 'black-hole-fails',
  summary: 'a worker fails everything at once: most tasks finish on the sound one',
  endMs: 600_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(2, alwaysEnds('failure'))
    world.addWorker(2, succeeds(20, 200))
    // Once both are there: a machine that is alone has nobody to be compared with.
    submitAt(world, master, 1_000, { tasks: TASKS })
  },
  check(world) {
    const failed = storiesOf(world).filter((story) => story.end === 'failed').length
    must(failed < TASKS / 4, `${failed} of ${TASKS} tasks fell into the black hole`)
    must(world.checkers.notices.resting > 0, 'the black hole never got a rest')
  }
}

export const refusingHole: Scenario = {
  name: 'black-hole-refuses',
  summary: 'a worker cannot start anything: no task is lost to it',
  endMs: 600_000,
  build(world) {
    const master = world.addMaster()
    world.addWorker(2, alwaysEnds('refused'))
    world.addWorker(2, succeeds(20, 200))
    // Once both are there: a machine that is alone has nobody to be compared with.
    submitAt(world, master, 1_000, { tasks: TASKS })
    world.checkers.startsMax = 8
  },
  check(world) {
    mustAll(world, 'finished')
    must(world.checkers.notices.resting > 0, 'the black hole never got a rest')
  }
}

export const flappingHole: Scenario = {
  name: 'black-hole-flaps',
  summary: 'a worker fails everything at once and loses its connection all the time: it is known',
  endMs: 600_000,
  build(world) {
    const master = world.addMaster()
    const hole = world.addWorker(2, alwaysEnds('failure'))
    world.addWorker(2, succeeds(20, 200))
    submitAt(world, master, 1_000, { tasks: TASKS })
    for (let at = 1_000; at < 20_000; at += 200) reset(world, hole, master, at)
  },
  check(world) {
    const failed = storiesOf(world).filter((story) => story.end === 'failed').length
    must(failed < TASKS / 4, `${failed} of ${TASKS} tasks fell into the black hole`)
  }
}
