/** `p2pjobs cancel`: ends jobs, or some tasks of one. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { cancelTable } from '../job-tables.ts'
import { tellChanges } from '../job-changes.ts'
import { remoteCommand, wordsOf } from '../remote-command.ts'
import { parseAnySelector } from '../selector.ts'

export async function cancelJobs(
  jobs: Pick<RemoteJobs, 'cancel'>,
  { reason, json }: FlagValues<typeof cancelTable.flags>,
  context: Context,
  { selection, tasks }: ReturnType<typeof parseAnySelector>
): Promise<number> {
  // A job that has ended already needs no end: that is no failure.
  await tellChanges(jobs.cancel(selection, reason, tasks), json, context)
  return ExitCode.ok
}

export const cancelCommand = remoteCommand(
  cancelTable,
  (operands) => parseAnySelector(wordsOf(operands, 'SELECTOR')[0]),
  cancelJobs
)
