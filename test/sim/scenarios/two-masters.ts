/** Two masters share the workers: while both have work, neither starves. */
import type { Millis } from '../../../src/core/types.ts'
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import { must, mustAll } from './support.ts'

/** Between these two, both have work waiting all the time. */
const FROM_MS: Millis = 2_000
const TO_MS: Millis = 8_000

export const twoMasters: Scenario = {
  name: 'two-masters',
  summary: 'two masters share three workers: neither gets less than a third of the slot time',
  endMs: 400_000,
  build(world) {
    const { rng } = world
    const masters = [world.addMaster(), world.addMaster()]
    const longest = rng.integer(0, 1) === 0 ? 100 : 1_000
    for (let worker = 0; worker < 3; worker++) {
      world.addWorker(rng.integer(1, 3), succeeds(longest / 2, longest))
    }
    for (const master of masters) {
      const tasks = longest === 100 ? 800 : 80
      world.clock.at(rng.integer(0, 1_500), () => world.submit(master, { tasks }))
    }
    world.faultsEndAt = 1_501
    const before = new Map<string, Millis>()
    world.clock.at(FROM_MS, () => {
      for (const { id } of masters) before.set(id, world.checkers.slotTime.get(id) ?? 0)
    })
    world.clock.at(TO_MS, () => {
      const had = masters.map(
        ({ id }) => (world.checkers.slotTime.get(id) ?? 0) - (before.get(id) ?? 0)
      )
      const all = had.reduce((sum, ms) => sum + ms, 0)
      must(Math.min(...had) * 3 >= all, `the masters got ${had.join(' and ')} ms of slot time`)
      const possible = world.workers.reduce((sum, { slots }) => sum + slots, 0) * (TO_MS - FROM_MS)
      must(all > 0.9 * possible, `slots worked ${all} ms of ${possible}`)
    })
  },
  check(world) {
    mustAll(world, 'finished')
  }
}
