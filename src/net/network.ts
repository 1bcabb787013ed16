/**
 * This node's place in the network: it listens, dials, admits, and opens streams. It decides
 * nothing: what happens is told to its owner, who says what to do.
 */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import { bareAddress } from '../core/members/reach.ts'
import type { PeerAddresses, PeersQuestion, Place } from '../core/members/events.ts'
import type { BlobRef, NodeId } from '../core/types.ts'
import { BLOB_PROTOCOL } from '../wire/blob.ts'
import type { BlobRequest } from '../wire/blob.ts'
import type { Hello } from '../wire/hello.ts'
import { checkListenAddress, dialErrorOf, listenErrorOf } from './addresses.ts'
import { Admission } from './admission.ts'
import { blobClientOf } from './blob-client.ts'
import type { WriteChunk } from './blob-client.ts'
import { serveBlobs } from './blob-server.ts'
import type { Chunks } from './blob-server.ts'
import { withinThisMachine } from './dial-rule.ts'
import type { DialRule } from './dial-rule.ts'
import { FrameStream } from './frame-stream.ts'
import { addressesToTell, isOwnAddress } from './interfaces.ts'
import { createNetworkNode, privateKeyOf } from './libp2p.ts'
import { outletOf } from './outlet.ts'
import type { Outlet } from './outlet.ts'
import { askPeers, PEERS_PROTOCOL, servePeers } from './peers-exchange.ts'

export const WORK_PROTOCOL = '/p2pjobs/work/1.0.0'
export const MANAGER_PROTOCOL = '/p2pjobs/manager/1.0.0'
export const GOODBYE_PROTOCOL = '/p2pjobs/goodbye/1.0.0'

/** Streams of one protocol on one connection; libp2p's default (32 in, 64 out) is for strangers. */
const STREAMS_MAX = 64
/** Sessions with a manager: one for each task of a worker that uses its objects. */
const MANAGER_STREAMS_MAX = 512
/** Questions about members at a time: nobody has more than one to ask. */
const PEERS_STREAMS_MAX = 4
const OPEN_TIMEOUT_MS = 5_000
const GOODBYE_TIMEOUT_MS = 1_000

export interface NetworkInit {
  /** The node's identity: the seed of its Ed25519 key. */
  readonly seed: Uint8Array
  /** The network's secret, as mixed into the handshake. */
  readonly prologue: Uint8Array
  readonly listen: readonly string[]
  /** Only this machine is dialed, and these addresses. Undefined: any may be. */
  readonly confinedTo?: readonly string[] | undefined
}

/** What the owner of a network is asked and told. */
export interface NetworkOwner {
  hello(): Hello
  check(peer: NodeId, hello: Hello): string | undefined
  /** A connection of this peer, which is at `place`, is ready to be used. */
  onAdmitted(peer: NodeId, hello: Hello, place: Place): void
  /** A peer was refused, or refused us. */
  onRefused(peer: NodeId, reason: string): void
  /** Somebody failed in the handshake: with another secret, or none. */
  onStranger(): void
  /** A stream on which a peer asked for something was reset. */
  onStreamFailed(peer: NodeId, error: Error): void
  onGoodbye(peer: NodeId): void
  /** The last connection to this peer has ended. */
  onDisconnected(peer: NodeId): void
  /** A member asks whom we know, or tells of others; the answer is sent to it. */
  onPeersAsked(peer: NodeId, question: PeersQuestion): Promise<readonly PeerAddresses[]>
  /** A worker opens a session. */
  onWork(peer: NodeId, stream: FrameStream): void
  /** A client of a manager opens a session. */
  onManager(peer: NodeId, stream: FrameStream): void
  /** Opens a blob. Throws, at once, for one that this peer may not read. */
  openBlob(peer: NodeId, request: BlobRequest): Chunks
}

export class Network {
  readonly id: NodeId
  readonly #libp2p: Libp2p
  readonly #owner: NetworkOwner
  readonly #admission: Admission
  readonly #mayDial: DialRule | undefined
  readonly #listen: readonly string[]

  /** Makes the node; `start` lets it listen. Throws USAGE for an address that is none. */
  static async create(init: NetworkInit, owner: NetworkOwner): Promise<Network> {
    const privateKey = await privateKeyOf(init.seed)
    const { prologue, listen, confinedTo } = init
    for (const address of listen) checkListenAddress(address)
    const mayDial = confinedTo && withinThisMachine(confinedTo)
    const onStranger = (): void => owner.onStranger()
    const libp2p = await createNetworkNode({ privateKey, prologue, listen, onStranger, mayDial })
    const admission = new Admission(libp2p, {
      privateKey,
      hello: () => owner.hello(),
      check: (peer, hello) => owner.check(peer, hello),
      onAdmitted: (peer, hello, connection) => {
        owner.onAdmitted(peer, hello, placeOf(connection))
      },
      onRefused: (peer, reason) => owner.onRefused(peer, reason),
      onMalformed: (peer, error) => owner.onStreamFailed(peer, error)
    })
    return new Network(libp2p, owner, admission, listen, mayDial)
  }

  private constructor(
    libp2p: Libp2p,
    owner: NetworkOwner,
    admission: Admission,
    listen: readonly string[],
    mayDial: DialRule | undefined
  ) {
    this.#libp2p = libp2p
    this.#listen = listen
    this.#mayDial = mayDial
    this.#owner = owner
    this.#admission = admission
    this.id = libp2p.peerId.toString() as NodeId
    libp2p.addEventListener('peer:disconnect', ({ detail }) => {
      owner.onDisconnected(detail.toString() as NodeId)
      // Peers are dialed by their addresses alone, and the store forgets nobody by itself.
      libp2p.peerStore.delete(detail).catch((error: unknown) => {
        libp2p.logger.forComponent('p2pjobs:network').error(error)
      })
    })
  }

  /** Listens and answers. Throws PORT_IN_USE when an address cannot be had. */
  async start(): Promise<void> {
    const libp2p = this.#libp2p
    await this.#admission.serve(libp2p)
    await this.#handle(WORK_PROTOCOL, (stream, peer, outlet) => {
      this.#owner.onWork(peer, new FrameStream(stream, outlet))
    })
    await this.#handle(
      MANAGER_PROTOCOL,
      (stream, peer, outlet) => this.#owner.onManager(peer, new FrameStream(stream, outlet)),
      MANAGER_STREAMS_MAX
    )
    await this.#handle(BLOB_PROTOCOL, (stream, peer, outlet) => {
      void serveBlobs(stream, outlet, (request) => this.#owner.openBlob(peer, request)).catch(
        (error: unknown) => this.#owner.onStreamFailed(peer, toError(error))
      )
    })
    await this.#handle(
      PEERS_PROTOCOL,
      (stream, peer) => this.#onPeers(stream, peer),
      PEERS_STREAMS_MAX
    )
    await this.#handle(GOODBYE_PROTOCOL, (stream, peer) => {
      void stream.close().catch((error: unknown) => {
        stream.abort(toError(error))
      })
      this.#owner.onGoodbye(peer)
    })
    try {
      await libp2p.start()
    } catch (cause) {
      throw listenErrorOf(cause, this.#listen)
    }
  }

  /** The addresses it listens on, each with the node's peer id. */
  get addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map((address) => address.toString())
  }

  /** Those of them, without the peer id, that others may find it at. */
  get addressesToTell(): string[] {
    return addressesToTell(this.addresses)
  }

  /** The peers with an open connection. */
  get connectedPeers(): NodeId[] {
    return this.#libp2p.getPeers().map((peer) => peer.toString() as NodeId)
  }

  /** Whether it is allowed to connect to this address. */
  mayDial(address: string): boolean {
    return this.#mayDial?.(address) ?? true
  }

  /** Connects to a peer at any of these addresses, and returns who it is. */
  async dial(addresses: readonly string[], peer?: NodeId): Promise<NodeId> {
    const targets = targetsOf(addresses, peer)
    const connection = await this.#libp2p.dial(targets).catch((cause: unknown) => {
      throw dialErrorOf(cause)
    })
    const verdict = await this.#admission.verdictOn(connection)
    if (verdict !== 'admitted') throw new P2pJobsError('REFUSED', verdict.problem)
    return connection.remotePeer.toString() as NodeId
  }

  /** Asks a member whom it knows, and tells it of others. */
  async askPeers(peer: NodeId, question: PeersQuestion): Promise<PeerAddresses[]> {
    return await askPeers(await this.#connectionTo(peer), question)
  }

  /** Opens a session with a master, on whatever connection there is. */
  async openWork(peer: NodeId): Promise<FrameStream> {
    return await this.#openSession(peer, WORK_PROTOCOL)
  }

  /** Opens a session with a manager of shared objects. */
  async openManager(peer: NodeId): Promise<FrameStream> {
    return await this.#openSession(peer, MANAGER_PROTOCOL)
  }

  async #openSession(peer: NodeId, protocol: string): Promise<FrameStream> {
    const connection = await this.#connectionTo(peer)
    const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
    const stream = await connection.newStream(protocol, {
      signal,
      maxOutboundStreams: protocol === MANAGER_PROTOCOL ? MANAGER_STREAMS_MAX : STREAMS_MAX
    })
    return new FrameStream(stream, outletOf(connection))
  }

  /** Fetches a blob of a peer, chunk by chunk. */
  async fetchBlob(
    peer: NodeId,
    ref: BlobRef,
    write: WriteChunk,
    signal: AbortSignal
  ): Promise<void> {
    await blobClientOf(await this.#connectionTo(peer)).fetch(ref, write, signal)
  }

  /** Says goodbye to everybody, then ends all connections. */
  async stop(): Promise<void> {
    const goodbyes = this.#libp2p.getPeers().map(async (peer) => {
      const [connection] = this.#libp2p.getConnections(peer)
      if (connection === undefined) return
      const signal = AbortSignal.timeout(GOODBYE_TIMEOUT_MS)
      const stream = await connection.newStream(GOODBYE_PROTOCOL, { signal })
      await stream.close({ signal })
    })
    // Who does not hear the goodbye will see us fail: that is all it would change.
    await Promise.allSettled(goodbyes)
    await this.#libp2p.stop()
  }

  #onPeers(stream: Stream, peer: NodeId): void {
    const answerTo = async (question: PeersQuestion): Promise<readonly PeerAddresses[]> =>
      await this.#owner.onPeersAsked(peer, question)
    servePeers(stream, answerTo).catch((error: unknown) => {
      // A connection that is lost meanwhile shows elsewhere.
      const known = operatingErrorOf(error)
      if (known?.code === 'BAD_MESSAGE') this.#owner.onStreamFailed(peer, known)
    })
  }

  async #connectionTo(peer: NodeId): Promise<Connection> {
    for (const connection of this.#libp2p.getConnections(peerIdFromString(peer))) {
      if (connection.status === 'open' && (await this.#admission.isAdmitted(connection))) {
        return connection
      }
    }
    throw new P2pJobsError('UNREACHABLE', `there is no connection to ${peer}`)
  }

  /** Serves a protocol to members only. */
  async #handle(
    protocol: string,
    serve: (stream: Stream, peer: NodeId, outlet: Outlet) => void,
    maxInboundStreams = STREAMS_MAX
  ): Promise<void> {
    await this.#libp2p.handle(
      protocol,
      async (stream, connection) => {
        // Not read before the peer is in; what arrives meanwhile waits within the window.
        if (stream.readStatus === 'readable') stream.pause()
        if (!(await this.#admission.isAdmitted(connection))) {
          stream.abort(new P2pJobsError('REFUSED', `no ${protocol} before the hello`))
          return
        }
        serve(stream, connection.remotePeer.toString() as NodeId, outletOf(connection))
        if (stream.readStatus === 'paused') stream.resume()
      },
      { maxInboundStreams, maxOutboundStreams: STREAMS_MAX }
    )
  }
}

function placeOf({ remoteAddr, direction }: Connection): Place {
  const address = bareAddress(remoteAddr.toString())
  return { address, isDialed: direction === 'outbound', isHere: isOwnAddress(address) }
}

/** The addresses as far as they can be read: others told some of them. Throws if none can. */
function targetsOf(addresses: readonly string[], peer: NodeId | undefined): Multiaddr[] {
  let problem: unknown
  const targets = addresses.flatMap((address) => {
    try {
      const target = multiaddr(address)
      const hasPeer = target.getComponents().some(({ name }) => name === 'p2p')
      return [peer === undefined || hasPeer ? target : target.encapsulate(`/p2p/${peer}`)]
    } catch (error) {
      problem = error
      return []
    }
  })
  if (targets.length === 0) throw toError(problem)
  return targets
}
