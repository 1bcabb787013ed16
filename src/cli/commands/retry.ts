/** `p2pjobs retry`: jobs that have ended, once more. */
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import type { Context, FlagValues } from '../command.ts'
import { tellEnded } from '../job-changes.ts'
import { retryTable } from '../job-tables.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

export async function retryJobs(
  jobs: Pick<RemoteJobs, 'retry'>,
  { failed, json }: FlagValues<typeof retryTable.flags>,
  context: Context,
  selection: Selection
): Promise<number> {
  return await tellEnded(jobs.retry(selection, { isFailedOnly: failed }), selection, json, context)
}

export const retryCommand = remoteCommand(retryTable, namedJobs, retryJobs)
