/**
 * A node as a member of a network: found by others, connected to them, and serving its roles over
 * the connections.
 */
import { createRequire } from 'node:module'
import type { MasterRole } from './master-role.ts'
import type { NodeListener } from './node.ts'
import { P2pJobsError } from '../core/errors.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Member } from '../core/members/events.ts'
import type { BlobRef, NodeId } from '../core/types.ts'
import type { FrameStream } from '../net/frame-stream.ts'
import { startDiscovery } from '../net/mdns.ts'
import type { Discovery } from '../net/mdns.ts'
import { Network } from '../net/network.ts'
import { networkTag, noisePrologue } from '../trust/credentials.ts'
import type { Credentials } from '../trust/credentials.ts'
import { masterEnd } from '../wire/session.ts'
import { streamLink } from './link.ts'
import type { ObtainBlob } from './link.ts'
import { Membership } from './membership.ts'
import { SessionKeeper } from './session-keeper.ts'
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
  readonly listener: NodeListener
}

/** How long one blob may take; a slower link tries again with the next report. */
const BLOB_TIMEOUT_MS = 10 * 60_000

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

export class NetworkRole {
  readonly #init: NetworkRoleInit
  readonly #network: Network
  readonly #membership: Membership
  readonly #keeper: SessionKeeper | undefined
  #discovery: Discovery | undefined

  /** Joins the network. Throws PORT_IN_USE when an address cannot be listened on. */
  static async start(init: NetworkRoleInit): Promise<NetworkRole> {
    const { seed, credentials, listen } = init.options
    let role: NetworkRole | undefined = undefined
    const membership = new Membership({
      credentials,
      boot: init.boot,
      name: init.name,
      program: `p2pjobs ${version}`,
      isWorker: init.worker !== undefined,
      epoch: init.master === undefined ? undefined : init.boot,
      onChanged: (member) => init.listener.onMember(member),
      onMaster: (peer, epoch) => {
        if (role !== undefined) role.#keeper?.keep(peer, epoch)
      },
      onDisconnected: (peer) => {
        if (role !== undefined) role.#keeper?.forget(peer)
      }
    })
    const network = await Network.create(
      { seed, prologue: noisePrologue(credentials), listen },
      {
        hello: () => membership.hello(),
        check: (peer, hello) => membership.check(peer, hello),
        onAdmitted: (peer, hello, address) => membership.onAdmitted(peer, hello, address),
        onRefused: (peer, reason) => membership.onRefused(peer, reason),
        onGoodbye: (peer) => membership.onGoodbye(peer),
        onDisconnected: (peer) => membership.onDisconnected(peer),
        onWork: (peer, stream) => {
          if (role !== undefined) role.#onWork(peer, stream)
        },
        openBlob: (peer, { blob, bytes, offset }) => openBlob(init, peer, { blob, bytes }, offset)
      }
    )
    role = new NetworkRole(init, network, membership)
    membership.start(network, Math.floor(Math.random() * 2 ** 32))
    await network.start()
    role.#meetOthers()
    return role
  }

  private constructor(init: NetworkRoleInit, network: Network, membership: Membership) {
    this.#init = init
    this.#network = network
    this.#membership = membership
    const { worker, listener } = init
    this.#keeper =
      worker === undefined
        ? undefined
        : new SessionKeeper({
            network,
            worker,
            obtainBlob: (peer) => blobsOf(network, init.blobs, peer),
            onProblem: (text) => listener.onProblem(text)
          })
  }

  get id(): NodeId {
    return this.#network.id
  }

  /** Where it listens, each address with the peer id. */
  get addresses(): string[] {
    return this.#network.addresses
  }

  get members(): readonly Readonly<Member>[] {
    return this.#membership.members
  }

  /** How many times a peer was turned away. */
  get refusals(): number {
    return this.#membership.refusals
  }

  /** Says goodbye and ends all connections. */
  async stop(): Promise<void> {
    this.#keeper?.stop()
    this.#membership.stop()
    await this.#discovery?.stop()
    await this.#network.stop()
  }

  #meetOthers(): void {
    const { options, listener } = this.#init
    for (const address of options.join) this.#membership.join(address)
    if (!options.isDiscovering) return
    this.#discovery = startDiscovery({
      serviceTag: `_p2pjobs-${networkTag(options.credentials)}._udp.local`,
      peer: this.id,
      ports: (address) => portsAt(this.#network.addresses, address),
      onSighting: ({ peer, addresses }) => this.#membership.onSighting(peer as NodeId, addresses),
      onGone: (peer) => this.#membership.onGone(peer as NodeId),
      onNotice: (text) => listener.onProblem(text)
    })
  }

  #onWork(peer: NodeId, stream: FrameStream): void {
    const { master, blobs } = this.#init
    if (master === undefined) {
      stream.abort(new Error('this node is no master'))
      return
    }
    master.accept(peer, streamLink(stream, masterEnd), blobsOf(this.#network, blobs, peer))
  }
}

/** Fetches blobs of a peer into the node's store. */
function blobsOf(network: Network, blobs: BlobStore, peer: NodeId): ObtainBlob {
  return async (ref) => {
    await blobs.receive(ref, async (write) => {
      await network.fetchBlob(peer, ref, write, AbortSignal.timeout(BLOB_TIMEOUT_MS))
    })
  }
}

async function* openBlob(
  { worker, master }: NetworkRoleInit,
  peer: NodeId,
  ref: BlobRef,
  offset: number
): AsyncGenerator<Uint8Array, void, undefined> {
  // What we hold for a master that has not accepted it, or what we published as one.
  const keeper = worker?.holdsFor(peer, ref) === true ? worker : master
  if (keeper === undefined) {
    throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${ref.blob} is not for this node`)
  }
  yield* keeper.readFor(peer, ref, offset)
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
