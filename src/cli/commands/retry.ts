/** `p2pjobs retry`: jobs that have ended, once more. */
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { tellChanges } from '../job-changes.ts'
import { retryTable } from '../job-tables.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

export async function retryJobs(
  jobs: Pick<RemoteJobs, 'retry'>,
  { failed, json }: FlagValues<typeof retryTable.flags>,
  context: Context,
  selection: Selection
): Promise<number> {
  const isAllDone = await tellChanges(
    jobs.retry(selection, { isFailedOnly: failed }),
    json,
    context
  )
  return isAllDone ? ExitCode.ok : ExitCode.failed
}

export const retryCommand = remoteCommand(retryTable, namedJobs, retryJobs)
