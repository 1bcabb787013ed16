/** `p2pjobs job`: one job, its tasks, and where and why each ran or failed. */
import type { JobView, SetbackView, TaskView } from '../../core/job-views.ts'
import { isIn } from '../../core/selection.ts'
import type { JobId } from '../../core/types.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import {
  jobEvent,
  jobLines,
  setbackEvent,
  setbackLine,
  taskEvent,
  tasksAsTable
} from '../job-lines.ts'
import { jobTable } from '../job-tables.ts'
import { jsonLine } from '../output.ts'
import { namedTasks, remoteCommand } from '../remote-command.ts'
import type { TaskSelector } from '../selector.ts'
import { oneJob, selectedTasks } from '../selected-tasks.ts'

const SETBACKS_SHOWN_MAX = 1_000

type JobFlags = FlagValues<typeof jobTable.flags>

export async function showJob(
  jobs: Pick<RemoteJobs, 'jobs' | 'tasks' | 'setbacks'>,
  flags: JobFlags,
  context: Context,
  selector: TaskSelector
): Promise<number> {
  const view = await oneJob(jobs, selector.job)
  const { tasks, isCut } = await tasksOf(jobs, view.job, selector.tasks, flags)
  const setbacks: SetbackView[] = []
  const query = { job: view.job, task: undefined, limit: SETBACKS_SHOWN_MAX }
  for await (const setback of jobs.setbacks(query)) {
    if (selector.tasks === undefined || isIn(selector.tasks, setback.task)) setbacks.push(setback)
  }
  await (flags.json ? printJson : print)({ view, tasks, setbacks, isCut }, context)
  return ExitCode.ok
}

export const jobCommand = remoteCommand(jobTable, namedTasks, showJob)

interface Shown {
  readonly view: JobView
  readonly tasks: readonly TaskView[]
  readonly setbacks: readonly SetbackView[]
  /** There are more tasks than may be shown. */
  readonly isCut: boolean
}

async function tasksOf(
  jobs: Pick<RemoteJobs, 'tasks'>,
  job: JobId,
  ranges: Parameters<typeof selectedTasks>[2],
  { failed, limit }: JobFlags
): Promise<Pick<Shown, 'tasks' | 'isCut'>> {
  const states = failed ? (['failed', 'canceled', 'aborted'] as const) : []
  const tasks: TaskView[] = []
  for await (const task of selectedTasks(jobs, job, ranges, { states, limit: limit + 1 })) {
    if (tasks.length === limit) return { tasks, isCut: true }
    tasks.push(task)
  }
  return { tasks, isCut: false }
}

async function printJson({ view, tasks, setbacks }: Shown, { stdout }: Context): Promise<void> {
  await stdout(jsonLine(jobEvent(view)))
  for (const task of tasks) await stdout(jsonLine(taskEvent(view.job, task)))
  for (const setback of setbacks) await stdout(jsonLine(setbackEvent(setback)))
}

async function print({ view, tasks, setbacks, isCut }: Shown, context: Context): Promise<void> {
  const { stdout, stderr } = context
  await stdout(jobLines(view))
  if (tasks.length > 0) await stdout(`\n${tasksAsTable(tasks)}`)
  if (isCut) stderr(`p2pjobs: only the first ${tasks.length} tasks are shown; see --limit\n`)
  if (setbacks.length === 0) return
  await stdout('\nattempts that came to nothing:\n')
  for (const setback of setbacks) await stdout(`  ${setbackLine(setback)}`)
}
