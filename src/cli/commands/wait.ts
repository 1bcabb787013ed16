/** `p2pjobs wait`: until jobs have ended. */
import { P2pJobsError, toError } from '../../core/errors.ts'
import { unsuccessfulTasks } from '../../core/job-views.ts'
import type { Selection } from '../../core/selection.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { endLine, jobEvent } from '../job-lines.ts'
import { waitTable } from '../job-tables.ts'
import { jsonLine } from '../output.ts'
import { namedJobs, remoteCommand } from '../remote-command.ts'

type WaitFlags = FlagValues<typeof waitTable.flags>

export async function waitForJobs(
  jobs: Pick<RemoteJobs, 'wait'>,
  flags: WaitFlags,
  context: Context,
  selection: Selection
): Promise<number> {
  const late = new AbortController()
  const timer = flags.timeout === undefined ? undefined : setTimeout(expire, flags.timeout, late)
  let failed = 0
  try {
    for await (const view of jobs.wait(selection, late.signal)) {
      failed += unsuccessfulTasks(view.counts)
      if (flags.json) await context.stdout(jsonLine(jobEvent(view)))
      else if (view.state !== 'finished') context.stderr(`p2pjobs: ${endLine(view)}`)
    }
  } catch (error) {
    throw late.signal.aborted ? toError(late.signal.reason) : error
  } finally {
    clearTimeout(timer)
  }
  return flags.fail && failed > 0 ? ExitCode.failed : ExitCode.ok
}

export const waitCommand = remoteCommand(waitTable, namedJobs, waitForJobs)

function expire(late: AbortController): void {
  const what = 'the time of --timeout is over, and not all of these jobs have ended'
  late.abort(new P2pJobsError('TIMEOUT', `${what}; they go on`))
}
