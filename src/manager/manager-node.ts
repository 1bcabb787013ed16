/**
 * The node behind a manager or a client: a member of the network that runs no tasks.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { LEASE_MS } from '../core/limits.ts'
import type { Member } from '../core/members/events.ts'
import type { NodeId } from '../core/types.ts'
import { noNetwork, placeOf, programCredentials, TOKEN_OPTIONS } from '../node/credentials.ts'
import type { NetworkPlace } from '../node/credentials.ts'
import { machineName } from '../node/machine.ts'
import type { ManagerRoleInit } from '../node/manager-role.ts'
import { liveNodeOf, startNode } from '../node/start.ts'
import type { JoinOptions, StartedNode } from '../node/start.ts'
import type { NodeOptions } from './options.ts'

/** What a manager is to be. */
export interface ManagerInit extends Omit<ManagerRoleInit, 'journal' | 'onProblem'> {
  readonly isDurable: boolean
}

/** Starts the node. Throws NO_NETWORK for a network of which this home has no token. */
export async function startManagerNode(
  options: NodeOptions,
  isLocal: boolean,
  manager: ManagerInit | undefined
): Promise<StartedNode> {
  const { onWarning = warnOnStderr, nodeName } = options
  const place = placeOf(process.env, options.network, onWarning)
  return await startNode(
    {
      home: place.home,
      name: nodeName ?? machineName(),
      slots: undefined,
      isMaster: false,
      leaseMs: LEASE_MS,
      isResident: false,
      network: isLocal ? undefined : networkOf(options, place),
      manager: manager && {
        ...manager,
        journal: manager.isDurable ? journalOf(place, manager.name) : undefined,
        onProblem: onWarning
      },
      // A program that serves others lives until it closes the manager.
      isBackground: manager === undefined || isLocal
    },
    {
      onNotice: () => undefined,
      onMember: manager === undefined ? () => undefined : namesakes(manager.name, onWarning),
      // Trouble with single connections is healed by itself; what it costs shows in the calls.
      onProblem: () => undefined
    }
  )
}

/** Any name can be that of a manager, but not that of a file. */
function journalOf({ home, network }: NetworkPlace, name: string): string {
  const readable = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const hash = createHash('sha256')
    .update(JSON.stringify([network, name]))
    .digest('hex')
  return join(home.data, 'managers', `${readable}-${hash.slice(0, 12)}.sqlite`)
}

function networkOf(options: NodeOptions, place: NetworkPlace): JoinOptions {
  const { join = [], listen = [], mdns = true } = options
  const credentials = programCredentials(place, options.token)
  if (credentials === undefined) throw noNetwork(place, TOKEN_OPTIONS)
  const live = liveNodeOf(place.home, place.network)
  return {
    name: place.network,
    credentials,
    listen,
    join: [...join, ...(live?.addresses ?? [])],
    isDiscovering: mdns
  }
}

/** Says once of each other member that it serves a manager of this name, too. */
function namesakes(
  manager: string,
  onWarning: (line: string) => void
): (member: Readonly<Member>) => void {
  const told = new Set<NodeId>()
  return ({ peer, status, info }) => {
    if (status !== 'alive' || info?.manager !== manager || told.has(peer)) return
    told.add(peer)
    onWarning(
      `another member, '${info.name}' (${peer}), serves a manager '${manager}', too: programs that ` +
        'connect get either of them, whose objects differ; close one, or give it another name'
    )
  }
}

function warnOnStderr(line: string): void {
  process.stderr.write(`p2pjobs: ${line}\n`)
}
