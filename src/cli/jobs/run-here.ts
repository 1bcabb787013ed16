/**
 * `run` on a master of its own: the job is this process's, and ends with it.
 */
import { availableParallelism } from 'node:os'
import { CPUS } from '../../core/abilities.ts'
import { lacksOfOnly } from '../../core/master/lacks.ts'
import type { Member } from '../../core/members/events.ts'
import { noNetwork } from '../../node/credentials.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import { lackText, reasonsOf } from '../../node/explanation-text.ts'
import { diskLine } from '../../node/disk-watch.ts'
import type { NodeListener } from '../../node/node.ts'
import { machineAmounts, machineLabels, machineName } from '../../node/machine.ts'
import { startPublisher } from '../../node/publisher.ts'
import type { JoinOptions, StartedNode } from '../../node/start.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import type { runTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { isolationOptions } from '../isolation-flags.ts'
import { adviseIfAlone, waitForWorkers } from '../membership.ts'
import { credentialsOf, joinOptions, requireMaster, TOKEN_FLAGS } from '../network-flags.ts'
import { usage } from '../values.ts'
import { failureStatus } from './exit-status.ts'
import type { Printing } from './printing.ts'
import { publishMasterOf } from './publishing.ts'
import { tellStalls } from './stalls.ts'
import type { StallsInit } from './stalls.ts'

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
  printing: Printing,
  inputs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<number> {
  const { flags, context, place } = init
  const { publication, output, progress, warn } = printing
  const network = flags.local ? undefined : await networkOf(flags, place, context)
  if (network === undefined) refuseImpossible(flags, printing)
  let isOver = false
  const { started, hasAdvised } = await start(init, network, warn, {
    onNotice: (notice) => {
      if (!isOver) publication.onNotice(notice)
    },
    onMember: () => undefined,
    onDisk: (disk) => warn(diskLine(disk, false)),
    // Trouble with single connections is healed by itself; what it costs shows in the results.
    onProblem: () => undefined
  })
  const over = new AbortController()
  try {
    await waitForWorkers(started.node, flags.minWorkers, context.stopping)
    const stalls = { publication, reasonsOf: explainer(started, hasAdvised), say: warn }
    void tellStalls(stalls, over.signal)
    await publication.run(publishMasterOf(started.node), inputs, context.stopping)
    await output.end?.()
    // What becomes of the workers from now on is not this job's story.
    isOver = true
  } finally {
    over.abort()
    progress.stop()
    await started.stop()
  }
  const { failed, canceled } = publication.tally
  return canceled > 0 || context.stopping.aborted ? ExitCode.runError : failureStatus(failed)
}

/** Why a job does not run; that nobody is there is not said again to those who were told more. */
function explainer(
  { node: { master } }: StartedNode,
  hasAdvised: () => boolean
): StallsInit['reasonsOf'] {
  return (job) => {
    const reasons = master === undefined ? [] : reasonsOf(master.state, job, undefined)
    return Promise.resolve(reasons.filter(({ code }) => code !== 'no-worker' || !hasAdvised()))
  }
}

interface Started {
  readonly started: StartedNode
  /** It was said what to check, for nobody was found. */
  readonly hasAdvised: () => boolean
}

/** Starts the master, with this machine's slots unless a node of this home offers them already. */
async function start(
  { flags, place, hasNeighbour }: HereInit,
  network: JoinOptions | undefined,
  warn: (text: string) => void,
  listener: NodeListener
): Promise<Started> {
  const { started, hasSlots, neighbour } = await startPublisher(
    {
      home: place.home,
      name: flags.name ?? machineName(),
      ...isolationOptions(flags),
      leaseMs: flags.lease,
      slots: flags.slots,
      isLocal: !flags.noLocal,
      network,
      firstKind: 'shell',
      isBackground: false,
      hasNeighbour
    },
    listener
  )
  if (flags.insecureOpen && !flags.local) warnOfOpen(started.node, warn)
  let hasAdvised = false
  if (!hasSlots) {
    const counts = ({ peer, info }: Readonly<Member>): boolean =>
      info?.isWorker === true && !(flags.noLocal && peer === neighbour)
    void adviseIfAlone(started.node, warn, counts).then((said) => (hasAdvised = said))
  }
  return { started, hasAdvised: () => hasAdvised }
}

/** No other machine will ever take part: throws USAGE for what this one can never run. */
function refuseImpossible(flags: RunFlags, { spec, options }: Printing): void {
  const machine = {
    name: flags.name ?? machineName(),
    slots: flags.slots ?? availableParallelism(),
    labels: machineLabels(),
    amounts: machineAmounts()
  }
  const lacks = lacksOfOnly(machine, spec, options)
  if (lacks.length === 0) return
  const others = flags.local
    ? 'leave --local out to use other machines'
    : 'join a network with a machine that has it (`p2pjobs node`)'
  const isShort = lacks.some((lack) => lack.type === 'too-large' && lack.amount === CPUS)
  const slots = isShort && flags.slots !== undefined ? 'give a higher -j, ' : ''
  const texts = lacks.map((lack) => lackText(lack, machine)).join('; ')
  throw usage(
    `this machine can never run it, and no other takes part: ${texts}; ask for less, ${slots}or ${others}`
  )
}

async function networkOf(
  flags: RunFlags,
  place: NetworkPlace,
  context: Context
): Promise<JoinOptions | undefined> {
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
