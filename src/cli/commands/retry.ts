/** `p2pjobs retry`: jobs that have ended, once more. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues, Operands } from '../command.ts'
import { tellChanges } from '../job-changes.ts'
import { retryTable } from '../job-tables.ts'
import { remoteCommand, wordsOf } from '../remote-command.ts'
import { parseSelector } from '../selector.ts'

export async function retryJobs(
  jobs: Pick<RemoteJobs, 'retry'>,
  { failed, json }: FlagValues<typeof retryTable.flags>,
  context: Context,
  operands: Operands
): Promise<number> {
  const selection = parseSelector(wordsOf(operands, 'SELECTOR')[0])
  const isAllDone = await tellChanges(
    jobs.retry(selection, { isFailedOnly: failed }),
    json,
    context
  )
  return isAllDone ? ExitCode.ok : ExitCode.failed
}

export const retryCommand = remoteCommand(retryTable, retryJobs)
