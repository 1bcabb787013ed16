/**
 * A node as a member of a network: found by others, connected to them, and serving its roles over
 * the connections.
 */
import { createRequire } from 'node:module'
import type { DiskWatch } from './disk-watch.ts'
import type { MasterRole } from './master-role.ts'
import type { NodeListener } from './node.ts'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Member } from '../core/members/events.ts'
import { isLoopback } from '../core/members/reach.ts'
import type { Millis, NodeId } from '../core/types.ts'
import type { Chunks } from '../net/blob-server.ts'
import { checkJoinAddress } from '../net/addresses.ts'
import type { FrameStream } from '../net/frame-stream.ts'
import { startDiscovery } from '../net/mdns.ts'
import type { Discovery, DiscoveryInit } from '../net/mdns.ts'
import { Network } from '../net/network.ts'
import { isOpen, networkTag, noisePrologue } from '../trust/credentials.ts'
import type { Credentials } from '../trust/credentials.ts'
import type { BlobRequest } from '../wire/blob.ts'
import { clientEnd, managerEnd } from '../wire/manager-messages.ts'
import { masterEnd } from '../wire/session.ts'
import { streamLink, watchedLink } from './link.ts'
import type { ObtainBlob } from './link.ts'
import type { ClientLink } from './manager-connection.ts'
import { notAManager } from './manager-role.ts'
import type { ManagerRole } from './manager-role.ts'
import { ManagerSearch } from './manager-search.ts'
import { Membership } from './membership.ts'
import { Refusals } from './refusals.ts'
import { SessionKeeper } from './session-keeper.ts'
import { Turns } from './turns.ts'
import type { WorkerRole } from './worker-role.ts'

export interface NetworkOptions {
  /** The seed of the node's identity, 32 bytes. */
  readonly seed: Uint8Array
  readonly credentials: Credentials
  /** Multiaddrs to listen on, and to dial for as long as the node lives. */
  readonly listen: readonly string[]
  readonly join: readonly string[]
  /** Find others, and be found, by multicast DNS. */
  readonly isDiscovering: boolean
}

export interface NetworkRoleInit {
  readonly options: NetworkOptions
  readonly boot: string
  readonly name: string
  readonly blobs: BlobStore
  readonly master: MasterRole | undefined
  readonly worker: WorkerRole | undefined
  /** The manager that is served here. */
  readonly manager?: ManagerRole | undefined
  readonly listener: NodeListener
  /** Told of what cannot be written for want of space. */
  readonly disk?: Pick<DiskWatch, 'note'> | undefined
  /** How others are found; by multicast DNS, unless something else is given. */
  readonly discover?: (init: DiscoveryInit) => Discovery
}

/** Blobs that one session fetches at a time: enough that none waits for another to be asked for. */
const FETCHES_MAX = 8

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

export class NetworkRole {
  readonly #init: NetworkRoleInit
  readonly #network: Network
  readonly #membership: Membership
  readonly #refusals: Refusals
  readonly #keeper: SessionKeeper | undefined
  readonly #stopping = new AbortController()
  readonly #search = new ManagerSearch(() => this.members)
  #discovery: Discovery | undefined

  /**
   * Joins the network. Throws USAGE for an address that is none, PORT_IN_USE for one that cannot be
   * listened on.
   */
  static async start(init: NetworkRoleInit): Promise<NetworkRole> {
    const { seed, credentials, listen, join } = init.options
    for (const address of join) checkJoinAddress(address)
    const refusals = new Refusals((refusal) => init.listener.onRefusal?.(refusal))
    let role: NetworkRole | undefined = undefined
    const membership = new Membership({
      credentials,
      boot: init.boot,
      name: init.name,
      program: `p2pjobs ${version}`,
      isWorker: init.worker !== undefined,
      epoch: init.master?.epoch,
      manager: init.manager?.name,
      onChanged: (member) => {
        init.listener.onMember(member)
        if (role !== undefined) role.#search.onChanged()
      },
      onUnreachable: (address, problem) => {
        init.listener.onProblem(`cannot reach --join ${address}: ${problem}; it is tried again`)
      },
      onReached: (peer, epoch) => {
        if (role !== undefined) role.#onReached(peer, epoch)
      },
      onDisconnected: (peer) => {
        if (role !== undefined) role.#onReached(peer, undefined)
      },
      onProblem: (text) => init.listener.onProblem(text, true)
    })
    const network = await Network.create(
      { seed, prologue: noisePrologue(credentials), listen, confinedTo: confinedTo(init.options) },
      {
        hello: () => membership.hello(),
        check: (peer, hello) => membership.check(peer, hello),
        onAdmitted: (peer, hello, place) => membership.onAdmitted(peer, hello, place),
        onRefused: (peer, reason) => {
          refusals.add('hello', peer, reason)
          membership.onRefused(peer, reason)
        },
        onStranger: () => refusals.add('stranger', undefined, 'a handshake failed'),
        onGoodbye: (peer) => membership.onGoodbye(peer),
        onDisconnected: (peer) => membership.onDisconnected(peer),
        onPeersAsked: (peer, question) => membership.onPeersAsked(peer, question),
        onWork: (peer, stream) => {
          if (role !== undefined) role.#onWork(peer, stream)
        },
        onManager: (peer, stream) => {
          if (role !== undefined) role.#onManager(peer, stream)
        },
        onStreamFailed: (peer, error) => {
          if (role !== undefined) role.#onStreamFailed(peer, error)
        },
        openBlob: (peer, request) => openBlob(init, peer, request)
      }
    )
    role = new NetworkRole(init, network, membership, refusals)
    membership.start(network, Math.floor(Math.random() * 2 ** 32))
    await network.start()
    role.#meetOthers()
    return role
  }

  private constructor(
    init: NetworkRoleInit,
    network: Network,
    membership: Membership,
    refusals: Refusals
  ) {
    this.#init = init
    this.#network = network
    this.#membership = membership
    this.#refusals = refusals
    const { worker, listener } = init
    if (worker === undefined) return
    this.#keeper = new SessionKeeper({
      network,
      worker,
      obtainBlob: (master) => this.#blobsOf(master),
      onClosed: (master, error) => refusals.note(master, error),
      onProblem: (text) => listener.onProblem(text, true)
    })
  }

  get id(): NodeId {
    return this.#network.id
  }

  /** Names the network, to whoever has its token. */
  get tag(): string {
    return networkTag(this.#init.options.credentials)
  }

  /** Where it listens, each address with the peer id. */
  get addresses(): string[] {
    return this.#network.addresses
  }

  get members(): readonly Readonly<Member>[] {
    return this.#membership.members
  }

  /** What other nodes were refused since it started, by kind. */
  get refusals(): Refusals['counts'] {
    return this.#refusals.counts
  }

  /** Dials an address, for as long as it takes. */
  join(address: string): void {
    this.#membership.join(address)
  }

  /**
   * Opens a session with a manager of shared objects, wherever in the network it is served. Throws
   * NOT_SERVED when nobody is found that does.
   */
  async openManager(name: string, withinMs: Millis, signal: AbortSignal): Promise<ClientLink> {
    const either = AbortSignal.any([signal, this.#stopping.signal])
    const peer = await this.#search.find(name, withinMs, either)
    const link = streamLink(await this.#network.openManager(peer), clientEnd())
    return watchedLink(link, (error) => this.#refusals.note(peer, error))
  }

  /** Says goodbye and ends all connections. */
  async stop(): Promise<void> {
    this.#stopping.abort(new P2pJobsError('STOPPED', 'the node stops'))
    this.#keeper?.stop()
    this.#membership.stop()
    await this.#discovery?.stop()
    await this.#network.stop()
  }

  #meetOthers(): void {
    const { options, listener, discover = startDiscovery } = this.#init
    for (const address of options.join) this.join(address)
    if (!options.isDiscovering) return
    this.#discovery = discover({
      serviceTag: `_p2pjobs-${networkTag(options.credentials)}._udp.local`,
      peer: this.id,
      ports: (address) => portsAt(this.#network.addresses, address),
      onSighting: ({ peer, addresses }) => {
        const allowed = addresses.filter((address) => this.#network.mayDial(address))
        if (allowed.length > 0) this.#membership.onSighting(peer as NodeId, allowed)
      },
      onGone: (peer) => this.#membership.onGone(peer as NodeId),
      onNotice: (text) => listener.onProblem(text)
    })
  }

  /** `epoch`: of a master in reach; undefined: there is none there (any more). */
  #onReached(peer: NodeId, epoch: string | undefined): void {
    if (epoch === undefined) this.#keeper?.forget(peer)
    else this.#keeper?.keep(peer, epoch)
  }

  #onWork(peer: NodeId, stream: FrameStream): void {
    const { master } = this.#init
    if (master === undefined) {
      const reason = 'it opened a session with a node that is no master'
      this.#refusals.add('message', peer, reason)
      stream.abort(new P2pJobsError('REFUSED', reason))
      return
    }
    const link = watchedLink(streamLink(stream, masterEnd), (error) => {
      this.#refusals.note(peer, error)
    })
    master.accept(peer, link, this.#blobsOf(peer))
  }

  #onManager(peer: NodeId, stream: FrameStream): void {
    const { manager } = this.#init
    if (manager === undefined) {
      const error = notAManager()
      this.#refusals.add('message', peer, error.message)
      stream.abort(error)
      return
    }
    const link = streamLink(stream, managerEnd())
    const watched = watchedLink(link, (error) => this.#refusals.note(peer, error))
    manager.accept(peer, watched, (reason) => this.#refusals.add('message', peer, reason))
  }

  /** Fetches blobs of a peer into the node's store. */
  #blobsOf(peer: NodeId): ObtainBlob {
    const turns = new Turns(FETCHES_MAX)
    return async (ref) => {
      try {
        await turns.run(() =>
          this.#init.blobs.receive(ref, (write) =>
            this.#network.fetchBlob(peer, ref, write, this.#stopping.signal)
          )
        )
      } catch (error) {
        this.#refusals.note(peer, toError(error))
        this.#init.disk?.note(error)
        throw error
      }
    }
  }

  #onStreamFailed(peer: NodeId, error: Error): void {
    this.#refusals.note(peer, error)
    this.#init.listener.onProblem(`a stream of ${peer} failed: ${error.message}`, true)
  }
}

/** What we hold for a master that has not accepted it, or what we published as one. */
function openBlob(
  { worker, master }: NetworkRoleInit,
  peer: NodeId,
  { blob, bytes, offset }: BlobRequest
): Chunks {
  const ref = { blob, bytes }
  const keeper = worker?.holdsFor(peer, ref) === true ? worker : master
  if (keeper !== undefined) return keeper.readFor(peer, ref, offset)
  throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${blob} is not for this node`)
}

/** The ports of the listening addresses that are reached at this IPv4 address. */
function portsAt(listening: readonly string[], address: string): number[] {
  const ports = new Set<number>()
  for (const text of listening) {
    const match = /^\/ip4\/([0-9.]+)\/tcp\/([0-9]+)/.exec(text)
    if (match?.[1] === address) ports.add(Number(match[2]))
  }
  return [...ports]
}

/**
 * A node of the open network that listens on loopback only is to stay within this machine; it goes
 * out only to where its user sends it.
 */
function confinedTo({ credentials, listen, join }: NetworkOptions): readonly string[] | undefined {
  return isOpen(credentials) && listen.every(isLoopback) ? join : undefined
}
