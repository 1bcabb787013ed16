/** `p2pjobs attach`: follows a job of the master node of this home, as `run` does. */
import { placeOf } from '../../node/credentials.ts'
import { openRemoteJobs } from '../../node/remote-jobs.ts'
import { defineCommand, ExitCode } from '../command.ts'
import { failureStatus } from '../jobs/exit-status.ts'
import { Progress, progressLine } from '../jobs/progress.ts'
import { Publication } from '../jobs/publish.ts'
import { runOutput } from '../jobs/run-output.ts'
import { attachThere, tellLeft } from '../jobs/run-there.ts'
import type { ThereEnd } from '../jobs/run-there.ts'
import { attachTable } from '../job-tables.ts'
import { problemLines } from '../network-flags.ts'
import { wordsOf } from '../remote-command.ts'
import { oneJob } from '../selected-tasks.ts'
import { parseTaskSelector } from '../selector.ts'
import { usage } from '../values.ts'

export const attachCommand = defineCommand(attachTable, async (flags, context, operands) => {
  const { job, tasks } = parseTaskSelector(wordsOf(operands, 'ID')[0])
  if (tasks !== undefined)
    throw usage('a whole job is attached to; `p2pjobs logs -f` follows tasks')
  const { home } = placeOf(context.env, 'default', problemLines(context))
  const jobs = await openRemoteJobs(home)
  try {
    const view = await oneJob(jobs, job)
    const publication: Publication = new Publication({
      spec: view.spec,
      options: view.options,
      keepOrder: flags.keepOrder,
      print: (settled, read) => output.print(settled, read),
      onNotice: (notice) => output.onNotice?.(notice)
    })
    const progress = new Progress(context, () => progressLine(publication))
    const output = runOutput(flags, context, publication, progress)
    const warn = (text: string): void => {
      progress.clear()
      context.stderr(`p2pjobs: ${text}\n`)
    }
    const { stopping, hangup } = context
    const detaches = flags.onInterrupt === 'detach'
    const init = { jobs, publication, stopping, hangup, detaches, warn }
    const end = await attachThere(init, view.job).finally(() => progress.stop())
    if (end === 'ended') await output.end?.()
    return statusOf(end, publication, warn)
  } finally {
    jobs.close()
  }
})

function statusOf(end: ThereEnd, { tally }: Publication, warn: (text: string) => void): number {
  if (end !== 'ended') return tellLeft(end.left, warn)
  return tally.canceled > 0 ? ExitCode.runError : failureStatus(tally.failed)
}
