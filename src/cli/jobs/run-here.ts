/**
 * `run` on a master of its own: the job is this process's, and ends with it.
 */
import type { Member } from '../../core/members/events.ts'
import { noNetwork } from '../../node/credentials.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import type { NodeListener } from '../../node/node.ts'
import { machineName } from '../../node/machine.ts'
import { startPublisher } from '../../node/publisher.ts'
import type { StartedNode } from '../../node/start.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import type { runTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { isolationOptions } from '../isolation-flags.ts'
import { adviseIfAlone, waitForWorkers } from '../membership.ts'
import { credentialsOf, joinOptions, requireMaster, TOKEN_FLAGS } from '../network-flags.ts'
import { failureStatus } from './exit-status.ts'
import type { Printing } from './printing.ts'
import { publishMasterOf } from './publishing.ts'

export type RunFlags = FlagValues<typeof runTable.flags>

export interface HereInit {
  readonly flags: RunFlags
  readonly context: Context
  readonly place: NetworkPlace
  /** False: as if no other node of this home ran, because that one does not answer. */
  readonly hasNeighbour: boolean
}

/** Runs the job to its end; the exit status. */
export async function runHere(
  init: HereInit,
  { publication, output, progress, warn }: Printing,
  inputs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<number> {
  const { flags, context } = init
  let isOver = false
  const started = await start(init, warn, {
    onNotice: (notice) => {
      if (!isOver) publication.onNotice(notice)
    },
    onMember: () => undefined,
    // Trouble with single connections is healed by itself; what it costs shows in the results.
    onProblem: () => undefined
  })
  try {
    await waitForWorkers(started.node, flags.minWorkers, context.stopping)
    await publication.run(publishMasterOf(started.node), inputs, context.stopping)
    await output.end?.()
    // What becomes of the workers from now on is not this job's story.
    isOver = true
  } finally {
    progress.stop()
    await started.stop()
  }
  const { failed, canceled } = publication.tally
  return canceled > 0 || context.stopping.aborted ? ExitCode.runError : failureStatus(failed)
}

/** Starts the master, with this machine's slots unless a node of this home offers them already. */
async function start(
  { flags, context, place, hasNeighbour }: HereInit,
  warn: (text: string) => void,
  listener: NodeListener
): Promise<StartedNode> {
  const { started, hasSlots, neighbour } = await startPublisher(
    {
      home: place.home,
      name: flags.name ?? machineName(),
      ...isolationOptions(flags),
      leaseMs: flags.lease,
      slots: flags.slots,
      isLocal: !flags.noLocal,
      network: flags.local ? undefined : await networkOf(flags, place, context),
      firstKind: 'shell',
      isBackground: false,
      hasNeighbour
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
    const { network, noLocal, minWorkers, join } = flags
    const isWanted = network !== undefined || noLocal || minWorkers > 0 || join.length > 0
    if (isWanted) throw noNetwork(place, TOKEN_FLAGS)
    return undefined
  }
  requireMaster(credentials)
  return joinOptions(place, flags, credentials)
}
