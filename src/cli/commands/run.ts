/** `p2pjobs run`: a command for every argument, on every machine there is. */
import { placeOf } from '../../node/credentials.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context, Operands } from '../command.ts'
import { runTable } from '../flags.ts'
import { jobOptions } from '../jobs/job-options.ts'
import { printing } from '../jobs/printing.ts'
import type { Printing } from '../jobs/printing.ts'
import { runHere } from '../jobs/run-here.ts'
import type { RunFlags } from '../jobs/run-here.ts'
import { detachedMasterOf, masterOf, runThere } from '../jobs/run-there.ts'
import { readInputs, shellSpec } from '../jobs/shell-job.ts'
import { waitForWorkersOf } from '../membership.ts'
import { networkNameOf, problemLines } from '../network-flags.ts'
import { usage } from '../values.ts'
import { submissionOf, submit } from './submit.ts'
import type { Submission } from './submit.ts'

export const runCommand = defineCommand(runTable, async (flags, context, operands) => {
  if (operands.command === '' && operands.inputs?.length === 0) return ExitCode.ok
  const warn = problemLines(context)
  const place = placeOf(context.env, flags.network, warn)
  const { home } = place
  const network = networkNameOf(place, flags)
  const staysHere = flags.inProcess || flags.local || flags.noLocal || flags.join.length > 0
  if (flags.detach) {
    if (staysHere)
      throw usage(
        '--detach leaves the choice of workers to the master node: no --local, --no-local, --join'
      )
    const job = { ...flags, name: flags.jobName, file: undefined }
    const submission = submissionOf(operands, job, context)
    return await submitDetached(await detachedMasterOf(home, network), flags, context, submission)
  }
  const master = staysHere ? 'none' : await masterOf(home, network, warn)
  const printed = printingOf(flags, context, operands)
  if (master !== 'none' && master !== 'silent') {
    return await runOnMaster(master, printed, flags, context, operands)
  }
  if (flags.after.length > 0) {
    throw usage(
      '--after names jobs of the master node of this home: start `p2pjobs node --master`, and leave ' +
        '--in-process, --local, --no-local and --join out'
    )
  }
  const init = { flags, context, place, hasNeighbour: master !== 'silent' }
  return await runHere(init, printed, readInputs(operands, context))
})

/** The job is that of the master node of this home, and outlives this process. */
async function runOnMaster(
  jobs: RemoteJobs,
  printed: Printing,
  flags: RunFlags,
  context: Context,
  operands: Operands
): Promise<number> {
  const { stopping, hangup } = context
  try {
    await waitForWorkersOf(jobs, flags.minWorkers, stopping)
    // Nothing was submitted.
    if (stopping.aborted) return ExitCode.runError
    const init = { jobs, ...printed, stopping, hangup, detaches: flags.onInterrupt === 'detach' }
    return await runThere(init, readInputs(operands, context))
  } finally {
    printed.progress.stop()
    jobs.close()
  }
}

async function submitDetached(
  jobs: RemoteJobs,
  flags: RunFlags,
  context: Context,
  submission: Submission
): Promise<number> {
  try {
    return await submit(jobs, flags, context, submission)
  } finally {
    jobs.close()
  }
}

function printingOf(flags: RunFlags, context: Context, operands: Operands): Printing {
  const { options, amounts } = jobOptions(flags, flags.jobName)
  const spec = shellSpec(flags, operands.command, context.env, amounts)
  const isTyping = operands.inputs === undefined && context.isTerminal.stdin
  return printing({ spec, options, flags, isTyping }, context)
}
