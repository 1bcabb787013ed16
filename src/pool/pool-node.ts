/**
 * The node behind a pool: a master in this process, on this machine's cores or on a whole network.
 */
import { P2pJobsError } from '../core/errors.ts'
import { LEASE_MS } from '../core/limits.ts'
import type { MasterNotice } from '../core/master/events.ts'
import {
  mayBeMaster,
  noNetwork,
  notAMaster,
  placeOf,
  programCredentials,
  TOKEN_OPTIONS
} from '../node/credentials.ts'
import type { NetworkPlace } from '../node/credentials.ts'
import { diskLine } from '../node/disk-watch.ts'
import { machineName } from '../node/machine.ts'
import type { Node, NodeListener } from '../node/node.ts'
import { startPublisher } from '../node/publisher.ts'
import type { JoinOptions } from '../node/start.ts'
import type { PoolOptions } from './options.ts'

/** Problems that were told are remembered up to so many. */
const PROBLEMS_KEPT_MAX = 256

export interface PoolNode {
  readonly node: Node
  /** The name of this machine's own worker, where there is no network and no other can come. */
  readonly onlyWorker: string | undefined
  /** Ends the node, and what it keeps on disk. */
  stop(): Promise<void>
}

/**
 * Starts the node. Throws NO_NETWORK and NOT_A_MASTER where a network is asked for that this home
 * cannot publish to, and what starting a node throws.
 */
export async function startPoolNode(
  options: PoolOptions,
  onNotice: (notice: MasterNotice) => void,
  warn: (line: string) => void
): Promise<PoolNode> {
  const place = placeOf(process.env, options.network, warn)
  const name = options.name ?? machineName()
  const network = options.local === true ? undefined : networkOf(options, place)
  const { started } = await startPublisher(
    {
      home: place.home,
      name,
      leaseMs: LEASE_MS,
      slots: options.processes,
      isLocal: options.local !== false,
      network,
      isolation: options.isolation ?? 'auto',
      requiresSandbox: options.requireSandbox ?? false,
      firstKind: 'function',
      isBackground: true
    },
    {
      onNotice,
      onMember: () => undefined,
      onDisk: (disk) => warn(diskLine(disk, false)),
      onProblem: problemsTo(warn)
    }
  )
  const { node } = started
  return { node, onlyWorker: network === undefined ? name : undefined, stop: () => started.stop() }
}

/**
 * Tells each problem once: an address that cannot be reached is tried every few seconds. Trouble with
 * single connections is not told, as it is healed by itself; what it costs shows in the results.
 */
export function problemsTo(warn: (line: string) => void): NodeListener['onProblem'] {
  const told = new Set<string>()
  return (text, isPassing = false) => {
    if (isPassing || told.has(text)) return
    if (told.size >= PROBLEMS_KEPT_MAX) told.clear()
    told.add(text)
    warn(text)
  }
}

/**
 * Throws USAGE for a worker other than this machine's own where there is no network: none can ever
 * come, and the call would wait for good.
 */
export function checkWorker({ onlyWorker, node }: PoolNode, worker: string | undefined): void {
  if (worker === undefined || onlyWorker === undefined) return
  if (worker === onlyWorker || worker === node.id) return
  throw new P2pJobsError(
    'USAGE',
    `worker must be '${onlyWorker}', not '${worker}': this pool has no network, and so no other ` +
      'worker; leave it out, or open the pool on a network'
  )
}

function networkOf(options: PoolOptions, place: NetworkPlace): JoinOptions | undefined {
  const { join = [], listen = [], mdns = true, local, network, processes } = options
  const credentials = programCredentials(place, options.token)
  if (credentials === undefined) {
    // Otherwise nobody could run anything, ever.
    const isNeeded = local === false || processes === 0
    if (isNeeded || network !== undefined || join.length > 0) throw noNetwork(place, TOKEN_OPTIONS)
    return undefined
  }
  if (!mayBeMaster(credentials)) throw notAMaster()
  return { name: place.network, credentials, listen, join, isDiscovering: mdns }
}
