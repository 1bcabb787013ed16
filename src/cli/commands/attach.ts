/** `p2pjobs attach`: follows a job of the master node of this home, as `run` does. */
import { placeOf } from '../../node/credentials.ts'
import { openRemoteJobs } from '../../node/remote-jobs.ts'
import { defineCommand } from '../command.ts'
import { attachTable } from '../job-tables.ts'
import { printing } from '../jobs/printing.ts'
import { attachThere } from '../jobs/run-there.ts'
import { problemLines } from '../network-flags.ts'
import { namedTasks } from '../remote-command.ts'
import { oneJob } from '../selected-tasks.ts'
import { usage } from '../values.ts'

export const attachCommand = defineCommand(attachTable, async (flags, context, operands) => {
  const { job, tasks } = namedTasks(operands)
  if (tasks !== undefined)
    throw usage('a whole job is attached to; `p2pjobs logs -f` follows tasks')
  const { home } = placeOf(context.env, undefined, problemLines(context))
  const jobs = await openRemoteJobs(home)
  try {
    const view = await oneJob(jobs, job)
    const { spec, options } = view
    const printed = printing({ spec, options, flags, isTyping: false }, context)
    const { stopping, hangup } = context
    const init = { jobs, ...printed, stopping, hangup, detaches: flags.onInterrupt === 'detach' }
    return await attachThere(init, view.job).finally(() => printed.progress.stop())
  } finally {
    jobs.close()
  }
})
