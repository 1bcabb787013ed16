/**
 * Starts a node in a home: identity, lock, last port and scratch around the node itself.
 *
 * The first node of a home is its primary one and has the home's identity. Every further one gets
 * an identity of its own, or it would double the first.
 */
import { join } from 'node:path'
import { operatingErrorOf } from '../core/errors.ts'
import type { Amounts, Labels } from '../core/abilities.ts'
import type { Spec } from '../core/spec.ts'
import type { Isolation, Millis } from '../core/types.ts'
import type { HomeFolders } from '../home/home.ts'
import { createIdentity, loadIdentity } from '../home/identity.ts'
import { readLastPort, saveLastPort } from '../home/last-port.ts'
import { acquireNodeLock, readLiveNode } from '../home/lock.ts'
import type { LiveNode, NodeLock } from '../home/lock.ts'
import { createScratch } from '../home/scratch.ts'
import { isOpen } from '../trust/credentials.ts'
import type { Credentials } from '../trust/credentials.ts'
import { openControl } from './control.ts'
import type { Control } from './control.ts'
import type { ManagerRoleInit } from './manager-role.ts'
import { Node } from './node.ts'
import type { DurablePlaces } from './start-master.ts'
import type { NodeListener } from './node.ts'

export interface StartOptions {
  readonly home: HomeFolders
  readonly name: string
  readonly slots: number | undefined
  /** What it says of its machine, besides what every machine says; and what tasks can take of it. */
  readonly labels?: Labels
  readonly resources?: Amounts
  /** What functions run in; a sandbox where it works, unless something else is asked for. */
  readonly isolation?: Isolation
  /** Whatever `isolation` says, they run in a sandbox or not at all. */
  readonly requiresSandbox?: boolean
  /** The kind of task that is to find its processes ready: commands, unless it is said. */
  readonly firstKind?: Spec['kind']
  readonly isMaster: boolean
  readonly leaseMs: Millis
  /** It is to be the home's node, if no other one is: with its identity and its port. */
  readonly isResident: boolean
  readonly network: JoinOptions | undefined
  /** A manager of shared objects that it serves. */
  readonly manager?: ManagerRoleInit | undefined
  /** A master that is the home's node keeps its jobs on disk. */
  readonly isDurable?: boolean
  /** It does not keep its process alive. */
  readonly isBackground: boolean
}

export interface JoinOptions {
  /** What this home calls the network. */
  readonly name: string
  readonly credentials: Credentials
  /**
   * Empty: any address, at the home's last port if it is free; of the open network, loopback.
   */
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly isDiscovering: boolean
}

export interface StartedNode {
  readonly node: Node
  /** It has the identity of the home. */
  readonly isPrimary: boolean
  /** Ends the node and all it keeps on disk for itself. */
  stop(): Promise<void>
  /** Lets what runs here end first. */
  drain(): Promise<void>
}

/**
 * Starts a node. Throws BAD_HOME, BAD_IDENTITY, EXECUTOR_FAILED, NO_SANDBOX, and PORT_IN_USE for an
 * address that was asked for by name.
 */
export async function startNode(
  options: StartOptions,
  listener: NodeListener
): Promise<StartedNode> {
  const lock = options.isResident ? lockOf(options) : undefined
  const warn = (line: string): void => listener.onProblem(line)
  const scratch = createScratch(options.home, warn)
  const leaveHome = (): void => {
    scratch.remove()
    lock?.release()
  }
  try {
    const { node, control } = await startInside(options, lock, scratch.folder, listener)
    return {
      node,
      isPrimary: lock !== undefined,
      stop: async () => {
        await control?.close()
        await node.stop()
        leaveHome()
      },
      drain: async () => {
        await node.drain()
        await control?.close()
        leaveHome()
      }
    }
  } catch (error) {
    leaveHome()
    throw error
  }
}

/** The node of this home that can be reached in that network now, on this machine; or undefined. */
export function liveNodeOf(home: HomeFolders, network: string): LiveNode | undefined {
  const live = readLiveNode(home)
  return live?.network === network ? live : undefined
}

function lockOf({ home, name }: StartOptions): NodeLock | undefined {
  const lock = acquireNodeLock(home, name)
  return 'holder' in lock ? undefined : lock
}

interface Inside {
  readonly node: Node
  readonly control: Control | undefined
}

async function startInside(
  options: StartOptions,
  lock: NodeLock | undefined,
  scratch: string,
  listener: NodeListener
): Promise<Inside> {
  const { home, network } = options
  const { name, slots, isMaster, leaseMs, isBackground } = options
  const { isolation = 'auto', requiresSandbox = false, firstKind = 'shell' } = options
  const functions = { isolation, requiresSandbox, firstKind }
  const durable = lock === undefined ? undefined : durablePlaces(options)
  // Only one node at a time may have it, and only as the worker whose results these are.
  const spool = lock === undefined ? undefined : join(home.data, 'spool')
  const places = { scratch, data: home.data, durable, spool }
  const { labels = {}, resources = {} } = options
  const base = {
    name,
    slots,
    labels,
    resources,
    ...functions,
    isMaster,
    leaseMs,
    isBackground,
    manager: options.manager,
    ...places
  }
  if (network === undefined) {
    const node = await Node.start({ ...base, network: undefined }, listener)
    return { node, control: undefined }
  }
  const seed = lock === undefined ? createIdentity() : loadIdentity(home)
  // Others come to the open network at another port each time: what a firewall lets through for
  // the network with the token must not lead there.
  const keepsPort = lock !== undefined && !isOpen(network.credentials)
  const lastPort = keepsPort ? readLastPort(home) : undefined
  const start = async (listen: readonly string[]): Promise<Node> =>
    await Node.start({ ...base, network: { ...network, seed, listen } }, listener)
  const node = await startAt(start, listenOf(network), lastPort)
  const addresses = node.network?.addresses ?? []
  const control = await controlOf(node, options, listener)
  lock?.update({ network: network.name, peer: node.id, addresses, control: control?.path })
  if (keepsPort) keepPort(home, addresses)
  return { node, control }
}

/** Opens the control socket; a node that cannot have its own is none. */
async function controlOf(
  node: Node,
  { name, home }: StartOptions,
  listener: NodeListener
): Promise<Control | undefined> {
  try {
    return await openControl(node, name, home, (text) => listener.onProblem(text))
  } catch (error) {
    await node.stop()
    throw error
  }
}

/** Two processes cannot share a journal: it is that of the home's own node. */
function durablePlaces({ home, isMaster, isDurable }: StartOptions): DurablePlaces | undefined {
  if (!isMaster || isDurable !== true) return undefined
  return { journal: join(home.data, 'journal.sqlite'), blobs: join(home.data, 'blobs') }
}

/** What protects nothing is kept within this machine, unless somebody says otherwise. */
function listenOf({ credentials, listen }: JoinOptions): readonly string[] {
  return listen.length === 0 && isOpen(credentials) ? ['/ip4/127.0.0.1/tcp/0'] : listen
}

/** The last port is a wish; an address that was asked for is not. */
async function startAt(
  start: (listen: readonly string[]) => Promise<Node>,
  listen: readonly string[],
  lastPort: number | undefined
): Promise<Node> {
  if (listen.length > 0) return await start(listen)
  if (lastPort !== undefined) {
    try {
      return await start([`/ip4/0.0.0.0/tcp/${lastPort}`])
    } catch (error) {
      if (operatingErrorOf(error)?.code !== 'PORT_IN_USE') throw error
    }
  }
  return await start(['/ip4/0.0.0.0/tcp/0'])
}

function keepPort(home: HomeFolders, addresses: readonly string[]): void {
  const port = /\/tcp\/([0-9]+)/.exec(addresses[0] ?? '')?.[1]
  if (port !== undefined) saveLastPort(home, Number(port))
}
