/**
 * The node behind a pool: a master in this process, on this machine's cores or on a whole network.
 */
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
import { machineName } from '../node/machine.ts'
import { startPublisher } from '../node/publisher.ts'
import type { JoinOptions, StartedNode } from '../node/start.ts'
import type { PoolOptions } from './options.ts'

/**
 * Starts the node. Throws NO_NETWORK and NOT_A_MASTER where a network is asked for that this home
 * cannot publish to, and what starting a node throws.
 */
export async function startPoolNode(
  options: PoolOptions,
  onNotice: (notice: MasterNotice) => void,
  warn: (line: string) => void
): Promise<StartedNode> {
  const place = placeOf(process.env, options.network, warn)
  const { started } = await startPublisher(
    {
      home: place.home,
      name: options.name ?? machineName(),
      leaseMs: LEASE_MS,
      slots: options.processes,
      isLocal: options.local !== false,
      network: options.local === true ? undefined : networkOf(options, place),
      isolation: options.isolation ?? 'auto',
      requiresSandbox: options.requireSandbox ?? false,
      firstKind: 'function',
      isBackground: true
    },
    // Trouble with single connections is healed by itself; what it costs shows in the results.
    { onNotice, onMember: () => undefined, onProblem: () => undefined }
  )
  return started
}

function networkOf(options: PoolOptions, place: NetworkPlace): JoinOptions | undefined {
  const { join = [], listen = [], mdns = true, local, network } = options
  const credentials = programCredentials(place, options.token)
  if (credentials === undefined) {
    if (local === false || network !== undefined || join.length > 0)
      throw noNetwork(place, TOKEN_OPTIONS)
    return undefined
  }
  if (!mayBeMaster(credentials)) throw notAMaster()
  return { name: place.network, credentials, listen, join, isDiscovering: mdns }
}
