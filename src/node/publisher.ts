/**
 * A master for one program: with this machine's slots, and with every worker of the network if
 * there is one. It lives as long as the program, and so do its jobs.
 */
import { availableParallelism } from 'node:os'
import type { Spec } from '../core/spec.ts'
import type { Isolation, Millis, NodeId } from '../core/types.ts'
import type { HomeFolders } from '../home/home.ts'
import type { NodeListener } from './node.ts'
import { liveNodeOf, startNode } from './start.ts'
import type { JoinOptions, StartedNode } from './start.ts'

export interface PublisherOptions {
  readonly home: HomeFolders
  readonly name: string
  readonly leaseMs: Millis
  /** Undefined: one per core, or those of the home's own node where one runs. */
  readonly slots: number | undefined
  /** Tasks may run on this machine. */
  readonly isLocal: boolean
  /** Undefined: this machine alone. */
  readonly network: JoinOptions | undefined
  readonly isolation: Isolation
  readonly requiresSandbox: boolean
  /** The kind of task that is to find its processes ready. */
  readonly firstKind: Spec['kind']
  /** It does not keep the program alive. */
  readonly isBackground: boolean
  /** False: as if no other node of this home ran, because that one does not answer. */
  readonly hasNeighbour?: boolean
}

/** A master, and whether this process runs tasks for it. */
export interface Publisher {
  readonly started: StartedNode
  readonly hasSlots: boolean
  /** The node of the same home that runs beside it. */
  readonly neighbour: NodeId | undefined
}

/** Starts the master. Throws what `startNode` does. */
export async function startPublisher(
  options: PublisherOptions,
  listener: NodeListener
): Promise<Publisher> {
  const { network, isLocal, slots, hasNeighbour = true, ...rest } = options
  const live = hasNeighbour && network ? liveNodeOf(options.home, network.name) : undefined
  // A node of this home offers this machine's slots already: ours would come on top of them.
  const hasSlots = isLocal && slots !== 0 && live === undefined
  const join = [...(network?.join ?? []), ...(live?.addresses ?? [])]
  const started = await startNode(
    {
      ...rest,
      slots: hasSlots ? (slots ?? availableParallelism()) : undefined,
      isMaster: true,
      isResident: false,
      network: network && { ...network, join }
    },
    listener
  )
  const neighbour = live?.peer as NodeId | undefined
  if (!isLocal) started.node.master?.refuse((worker) => worker === neighbour)
  return { started, hasSlots, neighbour }
}
