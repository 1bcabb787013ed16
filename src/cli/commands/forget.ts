/** `p2pjobs forget`: drops jobs that have ended, with their output. */
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import type { Context, FlagValues } from '../command.ts'
import { tellEnded } from '../job-changes.ts'
import { forgetTable } from '../job-tables.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

export async function forgetJobs(
  jobs: Pick<RemoteJobs, 'forget'>,
  { json }: FlagValues<typeof forgetTable.flags>,
  context: Context,
  selection: Selection
): Promise<number> {
  return await tellEnded(jobs.forget(selection), selection, json, context)
}

export const forgetCommand = remoteCommand(forgetTable, namedJobs, forgetJobs)
