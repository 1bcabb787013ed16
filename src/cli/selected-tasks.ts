/**
 * One job, or some tasks of it, as a command names them.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { JobView, TaskView } from '../core/job-views.ts'
import { TASKS_MAX } from '../core/limits.ts'
import type { Range } from '../core/selection.ts'
import type { EndState } from '../core/task.ts'
import type { JobId } from '../core/types.ts'
import type { RemoteJobs } from '../node/remote-jobs.ts'
import { selectionOf } from './selector.ts'

/** The job that is named. Throws NOT_FOUND. */
export async function oneJob(
  jobs: Pick<RemoteJobs, 'jobs'>,
  job: JobId | 'last'
): Promise<JobView> {
  for await (const view of jobs.jobs(selectionOf(job))) return view
  throw new P2pJobsError('NOT_FOUND', `there is no job ${job} (any more)`)
}

interface TaskBounds {
  /** Empty: all. */
  readonly states?: readonly EndState[]
  readonly limit?: number
}

/** Tasks of a job by number; all, unless ranges are named. Throws NOT_FOUND for a task that is not there. */
export async function* selectedTasks(
  jobs: Pick<RemoteJobs, 'tasks'>,
  job: JobId,
  ranges: readonly Range[] | undefined,
  { states = [], limit = TASKS_MAX }: TaskBounds = {}
): AsyncGenerator<TaskView, void, undefined> {
  let left = limit
  for (const [from, to] of ranges ?? [[1, TASKS_MAX] as const]) {
    let found = 0
    const query = { job, from, limit: Math.min(left, to - from + 1), states }
    for await (const task of jobs.tasks(query)) {
      // Those in other states are passed over, so that the last ones may lie behind the range.
      if (task.task > to) break
      found++
      left--
      yield task
    }
    if (left === 0) return
    if (found === 0 && from === to && states.length === 0) {
      throw new P2pJobsError('NOT_FOUND', `job ${job} has no task ${from}`)
    }
  }
}
