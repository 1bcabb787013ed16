/** Tasks are fed one by one by a master that has no others, while the workers are full. */
import { succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import type { TaskStory } from '../checkers.ts'
import { must, mustAll, storiesOf, submitAt } from './support.ts'

const LONGEST_MS = 800
/** How many tasks are fed. */
const FED = 20
/** A round trip and a half, and what else a message may wait for. */
const TALK_MS = 20

export const oneByOne: Scenario = {
  name: 'one-by-one',
  summary: 'tasks fed to full workers one by one wait at their master: none is leased twice',
  endMs: 200_000,
  build(world) {
    const { rng } = world
    const [busy, idle] = [world.addMaster(), world.addMaster()]
    for (let worker = 0; worker < 2; worker++) {
      world.addWorker(rng.integer(1, 3), succeeds(300, LONGEST_MS))
    }
    submitAt(world, busy, 1_000, { tasks: 200 })
    let at = 2_000
    for (let job = 0; job < FED; job++) {
      at += rng.integer(50, 1_000)
      submitAt(world, idle, at, { tasks: 1 })
    }
  },
  check(world) {
    mustAll(world, 'finished')
    const stories = storiesOf(world)
    mustLeaseOnce(stories)
    const first = stories.at(-FED)
    const waited = (first?.startedAt ?? Infinity) - (first?.addedAt ?? 0)
    must(waited <= LONGEST_MS + TALK_MS, `the first task waited ${waited} ms beside a backlog`)
  }
}

export const shortThenLong: Scenario = {
  name: 'short-then-long',
  summary: 'short tasks leave no credit behind by which long ones would be leased to full workers',
  endMs: 200_000,
  build(world) {
    const { rng } = world
    const master = world.addMaster()
    for (let worker = 0; worker < 2; worker++) {
      world.addWorker(1, (random, { job }) => ({
        ms: job === 1 ? random.integer(1, 3) : random.integer(300, LONGEST_MS),
        outcome: 'success'
      }))
    }
    submitAt(world, master, 1_000, { tasks: 500 })
    let at = 4_000
    for (let job = 0; job < FED; job++) {
      at += rng.integer(50, 500)
      submitAt(world, master, at, { tasks: 1 })
    }
  },
  check(world) {
    mustAll(world, 'finished')
    mustLeaseOnce(storiesOf(world).slice(-FED))
  }
}

function mustLeaseOnce(stories: readonly TaskStory[]): void {
  const again = stories.filter((story) => story.attempt > 1).length
  must(again === 0, `${again} tasks were leased again although nothing went wrong`)
}
