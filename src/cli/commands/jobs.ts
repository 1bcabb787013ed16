/** `p2pjobs jobs`: what this home's master node has. */
import type { JobView } from '../../core/job-views.ts'
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { jobEvent, jobsAsTable } from '../job-lines.ts'
import { jobsTable } from '../job-tables.ts'
import { jsonLine } from '../output.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

export async function listJobs(
  jobs: Pick<RemoteJobs, 'jobs'>,
  { json }: FlagValues<typeof jobsTable.flags>,
  context: Context,
  selection: Selection
): Promise<number> {
  const views: JobView[] = []
  for await (const view of jobs.jobs(selection)) {
    if (json) await context.stdout(jsonLine(jobEvent(view)))
    else views.push(view)
  }
  if (views.length > 0) await context.stdout(jobsAsTable(views, Date.now()))
  else if (!json) context.stderr('p2pjobs: there are no jobs\n')
  return ExitCode.ok
}

export const jobsCommand = remoteCommand(
  jobsTable,
  (operands) => (operands.words?.length === 0 ? ({ type: 'all' } as const) : namedJobs(operands)),
  listJobs
)
