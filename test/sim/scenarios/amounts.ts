/** Tasks of all sizes, of several masters, on machines that have something of everything. */
import type { JobOptions } from '../../../src/core/job.ts'
import { chaos as allFaults } from '../faults.ts'
import { motley, succeeds } from '../plans.ts'
import type { Scenario } from '../scenario.ts'
import type { Abilities } from '../worker-node.ts'
import type { JobWish, World } from '../world.ts'
import { must, mustAll, storiesOf, submitAt } from './support.ts'

const UNTIL_MS = 20_000
const SLOTS = 4

export const amounts: Scenario = {
  name: 'amounts',
  summary:
    'labels and amounts under all faults: nothing is oversubscribed, and all that can run runs',
  endMs: 900_000,
  build(world) {
    const { rng } = world
    for (let masters = rng.integer(1, 3); masters > 0; masters--) world.addMaster()
    // One that suits everything stays.
    world.addWorker(SLOTS, motley(), {
      labels: { os: 'linux', gpu: '1' },
      amounts: { gpu: 2, ram: 8 }
    })
    for (let workers = rng.integer(0, 3); workers > 0; workers--) {
      world.addWorker(rng.integer(1, SLOTS), motley(), anyAbilities(world))
    }
    for (const master of world.masters) {
      for (let jobs = rng.integer(2, 5); jobs > 0; jobs--) {
        submitAt(world, master, rng.integer(0, 10_000), anyJob(world))
      }
    }
    world.checkers.startsMax = 30
    allFaults(world, UNTIL_MS)
  },
  check(world) {
    const other = storiesOf(world).filter(({ end }) => end === 'canceled').length
    must(other === 0, `${other} tasks were canceled by nobody`)
  }
}

function anyAbilities({ rng }: World): Abilities {
  if (rng.next() < 0.2) return {}
  const labels = rng.next() < 0.5 ? { os: 'linux' } : { os: 'darwin', gpu: '1' }
  return { labels, amounts: { gpu: rng.integer(0, 2), ram: rng.integer(0, 8) } }
}

function anyJob({ rng }: World): JobWish {
  const demand = {
    ...(rng.next() < 0.5 ? { cpus: rng.integer(1, SLOTS) } : {}),
    ...(rng.next() < 0.3 ? { gpu: rng.integer(1, 2) } : {}),
    ...(rng.next() < 0.3 ? { ram: rng.integer(1, 8) } : {})
  }
  const options: Partial<JobOptions> = {
    priority: rng.integer(0, 1),
    submitter: rng.next() < 0.5 ? 'ann' : 'bob',
    ...(rng.next() < 0.3 ? { requires: [{ label: 'os', value: 'linux' }] } : {}),
    ...(rng.next() < 0.2 ? { requires: [{ label: 'gpu' }] } : {})
  }
  return { tasks: rng.integer(1, 15), options, spec: { amounts: demand } }
}

const BUSY_MS = 12_000

export const largeAmongSmall: Scenario = {
  name: 'large-among-small',
  summary: 'a task that takes a whole machine gets it soon, beside streams of small ones of others',
  endMs: 300_000,
  build(world) {
    const [busy, other, large] = [world.addMaster(), world.addMaster(), world.addMaster()]
    const abilities = { amounts: { gpu: 1 } }
    const longest = world.rng.integer(0, 1) === 0 ? 50 : 1_000
    for (let worker = 0; worker < 2; worker++) {
      world.addWorker(SLOTS, succeeds(longest / 2, longest), abilities)
    }
    const tasks = (2 * SLOTS * BUSY_MS) / longest
    submitAt(world, busy, 1_000, { tasks: Math.floor(tasks) })
    submitAt(world, other, 1_000, { tasks: Math.floor(tasks / 4), spec: { amounts: { gpu: 1 } } })
    for (const amount of [{ cpus: SLOTS }, { cpus: 2, gpu: 1 }]) {
      submitAt(world, large, 3_000, { tasks: 5, spec: { amounts: amount } })
    }
  },
  check(world) {
    mustAll(world, 'finished')
    const starts = storiesOf(world).slice(-10)
    const waited = Math.max(...starts.map(({ startedAt, addedAt }) => startedAt - addedAt))
    must(waited < BUSY_MS, `a large task waited ${waited} ms`)
  }
}
