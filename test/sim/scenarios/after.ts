/** Jobs that wait for jobs, while their master dies and is rebuilt. */
import type { Dependency } from '../../../src/core/job.ts'
import type { JobId } from '../../../src/core/types.ts'
import { crash, crashAfterCommit, storm } from '../faults.ts'
import type { TaskStory } from '../checkers.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'
import { must } from './support.ts'

/** What each job waits for, by its place; the second one fails. */
const CHAIN: readonly (readonly Dependency[])[] = [
  [],
  [],
  [{ job: 1 as JobId, needs: 'ok' }],
  [{ job: 2 as JobId, needs: 'ok' }],
  [{ job: 2 as JobId, needs: 'any' }],
  [{ job: 4 as JobId, needs: 'ok' }],
  [3, 5].map((job) => ({ job: job as JobId, needs: 'ok' as const })),
  [{ job: 7 as JobId, needs: 'any' }]
]
const ENDS = ['finished', 'failed', 'finished', 'aborted', 'finished', 'aborted', 'finished']

export const after: Scenario = {
  name: 'after',
  summary:
    'chains of jobs survive a master that dies twice: each starts when it may, or not at all',
  endMs: 300_000,
  build(world) {
    const { rng } = world
    const master = world.addMaster()
    for (let worker = 0; worker < 2; worker++) {
      world.addWorker(2, (random, { job }) => ({
        ms: random.integer(20, 2_000),
        outcome: job === 2 ? 'failure' : 'success'
      }))
    }
    for (const waitsFor of CHAIN) {
      world.submit(master, { tasks: rng.integer(1, 6), options: { after: waitsFor } })
    }
    world.checkers.startsMax = 6
    storm(world, 15_000)
    crash(world, master, rng.integer(300, 3_000), rng.integer(50, 5_000))
    crashAfterCommit(world, master, rng.integer(9_000, 12_000), rng.integer(50, 3_000))
  },
  check(world) {
    const jobs = [...tasksOf(world).values()]
    for (const [at, tasks] of jobs.entries()) {
      const end = ENDS[at] ?? 'finished'
      const others = tasks.filter((task) => task.end !== end)
      must(others.length === 0, `tasks of job ${at + 1} are ${others[0]?.end ?? '?'}, not ${end}`)
      for (const { job } of CHAIN[at] ?? []) {
        const first = Math.min(...tasks.map(({ startedAt }) => startedAt))
        const last = Math.max(...(jobs[job - 1] ?? []).map(({ settledAt }) => settledAt))
        must(first >= last, `job ${at + 1} began at ${first}, job ${job} ended at ${last}`)
      }
    }
  }
}

function tasksOf(world: World): Map<JobId, readonly TaskStory[]> {
  const [jobs] = world.checkers.jobs.values()
  return new Map([...(jobs ?? [])].map(([id, { tasks }]) => [id, tasks]))
}
