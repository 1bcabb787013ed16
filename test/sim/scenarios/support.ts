/**
 * What several stories check or need.
 */
import type { EndState } from '../../../src/core/task.ts'
import type { Millis } from '../../../src/core/types.ts'
import type { TaskStory } from '../checkers.ts'
import { Violation } from '../checkers.ts'
import type { MasterNode } from '../master-node.ts'
import type { JobWish, World } from '../world.ts'

export function storiesOf(world: World): TaskStory[] {
  const stories: TaskStory[] = []
  for (const jobs of world.checkers.jobs.values()) {
    for (const job of jobs.values()) stories.push(...job.tasks)
  }
  return stories
}

/** Every task of every job came to this end. */
export function mustAll(world: World, end: EndState): void {
  const other = storiesOf(world).filter((story) => story.end !== end)
  must(other.length === 0, `${other.length} tasks are ${other[0]?.end ?? 'gone'}, not ${end}`)
}

/** Submits a job later on; the run does not end before. */
export function submitAt(world: World, master: MasterNode, at: Millis, wish: JobWish): void {
  world.faultsEndAt = Math.max(world.faultsEndAt, at)
  world.clock.at(at, () => world.submit(master, wish))
}

export function must(condition: boolean, message: string): void {
  if (!condition) throw new Violation(message)
}
