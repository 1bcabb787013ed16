/** `p2pjobs run`: a command for every argument, on every machine there is. */
import type { Member } from '../../core/members/events.ts'
import { noNetwork, placeOf } from '../../node/credentials.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import type { NodeListener } from '../../node/node.ts'
import { startPublisher } from '../../node/publisher.ts'
import type { StartedNode } from '../../node/start.ts'
import { noDaemon } from '../../node/control.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context, FlagValues, Operands } from '../command.ts'
import { runTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { isolationOptions } from '../isolation-flags.ts'
import { failureStatus } from '../jobs/exit-status.ts'
import { jobOptions } from '../jobs/job-options.ts'
import { readInputs, shellSpec } from '../jobs/shell-job.ts'
import { Progress, progressLine } from '../jobs/progress.ts'
import { Publication } from '../jobs/publish.ts'
import { publishMasterOf } from '../jobs/publishing.ts'
import { runOutput } from '../jobs/run-output.ts'
import type { RunOutput } from '../jobs/run-output.ts'
import { masterOf, runThere, tellLeft } from '../jobs/run-there.ts'
import { adviseIfAlone, waitForWorkers, waitForWorkersOf } from '../membership.ts'
import { credentialsOf, defaultName, joinOptions, requireMaster } from '../network-flags.ts'
import { usage } from '../values.ts'
import { submit } from './submit.ts'

type RunFlags = FlagValues<typeof runTable.flags>

/** What a job is printed by, whoever runs it. */
interface Printing {
  readonly publication: Publication
  readonly output: RunOutput
  readonly progress: Progress
  readonly warn: (text: string) => void
}

export const runCommand = defineCommand(runTable, async (flags, context, operands) => {
  if (operands.command === '' && operands.inputs?.length === 0) return ExitCode.ok
  const warn = (text: string): void => context.stderr(`p2pjobs: ${text}\n`)
  const { home, network } = placeOf(context.env, flags.network, warn)
  const staysHere = flags.inProcess || flags.local || flags.noLocal || flags.join.length > 0
  const jobs = staysHere ? undefined : await masterOf(home, network, warn)
  if (jobs === undefined && flags.detach) throw noDaemon()
  if (jobs === undefined && flags.after.length > 0) {
    throw usage(
      '--after names jobs of the master node of this home: start `p2pjobs node --master`, and leave ' +
        '--in-process, --local, --no-local and --join out'
    )
  }
  if (jobs === undefined) return await runInProcess(flags, context, operands)
  if (flags.detach) return await submitDetached(jobs, flags, context, operands)
  return await runOnMaster(jobs, flags, context, operands)
})

/** The job is this process's, and ends with it. */
async function runInProcess(
  flags: RunFlags,
  context: Context,
  operands: Operands
): Promise<number> {
  const { publication, output, progress, warn } = printing(flags, context, operands)
  let isOver = false
  const started = await startFor(flags, context, warn, {
    onNotice: (notice) => {
      if (!isOver) publication.onNotice(notice)
    },
    onMember: () => undefined,
    // Trouble with single connections is healed by itself; what it costs shows in the results.
    onProblem: () => undefined
  })
  try {
    await waitForWorkers(started.node, flags.minWorkers, context.stopping)
    const master = publishMasterOf(started.node)
    await publication.run(master, readInputs(operands, context), context.stopping)
    await output.end?.()
    // What becomes of the workers from now on is not this job's story.
    isOver = true
  } finally {
    progress.stop()
    await started.stop()
  }
  return statusOf(publication, context)
}

/** The job is that of the master node of this home, and outlives this process. */
async function runOnMaster(
  jobs: RemoteJobs,
  flags: RunFlags,
  context: Context,
  operands: Operands
): Promise<number> {
  const { publication, output, progress, warn } = printing(flags, context, operands)
  const { stopping, hangup } = context
  const detaches = flags.onInterrupt === 'detach'
  try {
    await waitForWorkersOf(jobs, flags.minWorkers, stopping)
    const init = { jobs, publication, stopping, hangup, detaches, warn }
    const end = await runThere(init, readInputs(operands, context))
    if (end !== 'ended') return tellLeft(end.left, warn)
    await output.end?.()
  } finally {
    progress.stop()
    jobs.close()
  }
  return statusOf(publication, context)
}

async function submitDetached(
  jobs: RemoteJobs,
  flags: RunFlags,
  context: Context,
  operands: Operands
): Promise<number> {
  try {
    return await submit(jobs, { ...flags, name: flags.jobName, file: undefined }, context, operands)
  } finally {
    jobs.close()
  }
}

function printing(flags: RunFlags, context: Context, operands: Operands): Printing {
  const { options, amounts } = jobOptions(flags, flags.jobName)
  const publication: Publication = new Publication({
    spec: shellSpec(flags, operands.command, context.env, amounts),
    options,
    keepOrder: flags.keepOrder,
    print: (settled, read) => output.print(settled, read),
    onNotice: (notice) => output.onNotice?.(notice)
  })
  const isTyping = operands.inputs === undefined && context.isTerminal.stdin
  const progress = new Progress(context, () => progressLine(publication), isTyping)
  const output = runOutput(flags, context, publication, progress)
  const warn = (text: string): void => {
    progress.clear()
    context.stderr(`p2pjobs: ${text}\n`)
  }
  return { publication, output, progress, warn }
}

function statusOf({ tally }: Publication, { stopping }: Context): number {
  const { failed, canceled } = tally
  return canceled > 0 || stopping.aborted ? ExitCode.runError : failureStatus(failed)
}

/** Starts the master, with this machine's slots unless a node of this home offers them already. */
async function startFor(
  flags: RunFlags,
  context: Context,
  warn: (text: string) => void,
  listener: NodeListener
): Promise<StartedNode> {
  const place = placeOf(context.env, flags.network, warn)
  const { started, hasSlots, neighbour } = await startPublisher(
    {
      home: place.home,
      name: flags.name ?? defaultName(),
      ...isolationOptions(flags),
      leaseMs: flags.lease,
      slots: flags.slots,
      isLocal: !flags.noLocal,
      network: flags.local ? undefined : await networkOf(flags, place, context),
      firstKind: 'shell',
      isBackground: false
    },
    listener
  )
  if (flags.insecureOpen && !flags.local) warnOfOpen(started.node, warn)
  if (!hasSlots) {
    const counts = ({ peer, info }: Readonly<Member>): boolean =>
      info?.isWorker === true && !(flags.noLocal && peer === neighbour)
    void adviseIfAlone(started.node, warn, counts)
  }
  return started
}

async function networkOf(
  flags: RunFlags,
  place: NetworkPlace,
  context: Context
): Promise<ReturnType<typeof joinOptions> | undefined> {
  const credentials = await credentialsOf(place, flags, context)
  if (credentials === undefined) {
    if (flags.noLocal || flags.minWorkers > 0 || flags.join.length > 0) throw noNetwork()
    return undefined
  }
  requireMaster(credentials)
  return joinOptions(flags, credentials)
}
