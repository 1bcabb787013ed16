/** `p2pjobs forget`: drops jobs that have ended, with their output. */
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { tellChanges } from '../job-changes.ts'
import { forgetTable } from '../job-tables.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

export async function forgetJobs(
  jobs: Pick<RemoteJobs, 'forget'>,
  { json }: FlagValues<typeof forgetTable.flags>,
  context: Context,
  selection: Selection
): Promise<number> {
  const isAllDone = await tellChanges(jobs.forget(selection), json, context)
  // Who says all means those that can be.
  return isAllDone || selection.type === 'all' ? ExitCode.ok : ExitCode.failed
}

export const forgetCommand = remoteCommand(forgetTable, namedJobs, forgetJobs)
