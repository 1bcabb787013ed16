/** `p2pjobs run`: a command for every argument, on every machine there is. */
import type { Member } from '../../core/members/events.ts'
import { noNetwork, placeOf } from '../../node/credentials.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import type { NodeListener } from '../../node/node.ts'
import { startPublisher } from '../../node/publisher.ts'
import type { StartedNode } from '../../node/start.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { runTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { isolationOptions } from '../isolation-flags.ts'
import { failureStatus } from '../jobs/exit-status.ts'
import { readInputs, shellSpec } from '../jobs/shell-job.ts'
import { Progress } from '../jobs/progress.ts'
import { Publication } from '../jobs/publish.ts'
import { publishMasterOf } from '../jobs/publishing.ts'
import { runOutput } from '../jobs/run-output.ts'
import { adviseIfAlone, waitForWorkers } from '../membership.ts'
import { credentialsOf, defaultName, joinOptions, requireMaster } from '../network-flags.ts'

type RunFlags = FlagValues<typeof runTable.flags>

export const runCommand = defineCommand(runTable, async (flags, context, operands) => {
  if (operands.command === '' && operands.inputs?.length === 0) return ExitCode.ok
  const publication: Publication = new Publication({
    spec: shellSpec(flags, operands.command, context.env),
    options: { priority: 0, retries: flags.retries },
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
  const { failed, canceled } = publication.tally
  return canceled > 0 || context.stopping.aborted ? ExitCode.runError : failureStatus(failed)
})

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

function progressLine(publication: Publication): string {
  const { tally, total, running, workers } = publication
  const done = tally.finished + tally.failed
  const all = total.isComplete ? `${total.inputs}` : `${total.inputs}+`
  const failed = tally.failed > 0 ? `, ${tally.failed} failed` : ''
  const where = `${workers} worker${workers === 1 ? '' : 's'}`
  return `${done}/${all} done${failed}, ${running} running on ${where}`
}
