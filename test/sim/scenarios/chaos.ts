/** Everything goes wrong, at once, in any order. */
import type { JobId, Millis } from '../../../src/core/types.ts'
import { chaos as allFaults } from '../faults.ts'
import { motley } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'
import { must, storiesOf } from './support.ts'

const UNTIL_MS = 20_000
const isCanceled = new WeakSet<World>()

export const chaos: Scenario = {
  name: 'chaos',
  summary: 'all faults at once: every task ends exactly once, soon after the faults do',
  endMs: 400_000,
  build(world) {
    const { rng } = world
    for (let masters = rng.integer(1, 2); masters > 0; masters--) world.addMaster()
    for (let workers = rng.integer(1, 4); workers > 0; workers--) {
      world.addWorker(rng.integer(1, 3), motley())
    }
    for (const master of world.masters) {
      const options = { retries: rng.integer(0, 2), priority: rng.integer(-1, 1) }
      world.submit(master, { tasks: rng.integer(1, 40), options })
      world.clock.at(rng.integer(0, 10_000), () => {
        world.submit(master, { tasks: rng.integer(1, 10), spec: { slotsMax: 1 } })
      })
    }
    for (const master of world.masters) {
      if (rng.next() < 0.5) world.submit(master, { tasks: 20, options: { hedge: true } })
    }
    world.checkers.startsMax = 25
    allFaults(world, UNTIL_MS)
    if (rng.next() < 0.2) cancelFirst(world, rng.integer(0, UNTIL_MS))
    if (rng.next() < 0.2) leave(world, rng.integer(0, UNTIL_MS))
  },
  check(world) {
    if (isCanceled.has(world)) return
    const canceled = storiesOf(world).filter((story) => story.end === 'canceled').length
    must(canceled === 0, `${canceled} tasks were canceled by nobody`)
  }
}

/** A user ends the first job of the first master. */
function cancelFirst(world: World, at: Millis): void {
  isCanceled.add(world)
  const [master] = world.masters
  const job = 1 as JobId
  const reason = 'canceled by its user'
  world.clock.at(at, () => {
    if (master !== undefined) world.tell(master, { type: 'cancel', job, reason })
  })
}

/** A worker leaves for good, if another one stays. */
function leave(world: World, at: Millis): void {
  const [worker, other] = world.workers
  const now = world.rng.next() < 0.5
  if (other !== undefined) world.clock.at(at, () => worker?.deliver({ type: 'drain', now }))
}
