/** Members that are knocked at, and peers that knock. */
import type { Connection } from '@libp2p/interface'
import { expect } from 'chai'
import { GOODBYE_PROTOCOL, WORK_PROTOCOL } from '../../src/net/network.ts'
import { issueCertificate } from '../../src/trust/certificate.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import type { Credentials } from '../../src/trust/credentials.ts'
import { Members } from './members.ts'
import type { MemberInit, TestMember } from './members.ts'
import { RawPeer } from './raw-peer.ts'
import type { RawPeerInit } from './raw-peer.ts'
import { asMaster, asWorker } from './raw-sessions.ts'
import { until } from './until.ts'

interface PeerInit extends Omit<RawPeerInit, 'credentials'> {
  readonly of?: Credentials
}

interface MasterInit extends PeerInit {
  readonly epoch?: string
}

export class Admitting {
  readonly credentials = createCredentials()
  readonly #members = new Members()
  readonly #peers: RawPeer[] = []

  /** A member of the network. */
  async member(init: Omit<MemberInit, 'credentials'> = {}): Promise<TestMember> {
    return await this.#members.start({ credentials: this.credentials, ...init })
  }

  /** A peer that passes the handshake, unless it has the credentials of another network. */
  async peer(init: PeerInit = {}): Promise<RawPeer> {
    const { of: credentials = this.credentials, ...rest } = init
    const peer = await RawPeer.open({ credentials, ...rest })
    this.#peers.push(peer)
    return peer
  }

  /** A peer that is admitted as a master, and the sessions that workers open with it. */
  async rawMaster({ epoch = 'epoch', ...init }: MasterInit = {}): Promise<RawMaster> {
    const peer = await this.peer({ isListening: true, ...init })
    const certificate = issueCertificate(this.credentials.rootSeed!, peer.id, Date.now())
    await peer.welcome({ epoch, certificate })
    const master = new RawMaster(peer)
    await peer.serve(WORK_PROTOCOL, (stream, connection) => {
      master.connection = connection
      master.sessions.push(asMaster(stream))
    })
    return master
  }

  /** A peer that is admitted as a worker, and opens sessions with a master. */
  async rawWorker(master: TestMember, init: PeerInit = {}): Promise<RawWorker> {
    const peer = await this.peer(init)
    return new RawWorker(peer, await peer.join(master.address))
  }

  /** The reason for which a peer's hello is refused. */
  async refusalOf(member: TestMember, peer: RawPeer, frame: Uint8Array): Promise<string> {
    const connection = await peer.dial(member.address)
    const answer = await peer.sayHello(connection, frame)
    await until(() => connection.status !== 'open', 'the connection is ended')
    if (answer?.type === 'refusal') return answer.reason
    return expect.fail(`it was not refused but got ${answer?.type ?? 'no answer'}`)
  }

  /** Whatever happened before, a good peer is let in and can say goodbye. */
  async expectLivesOn(member: TestMember): Promise<void> {
    const friend = await this.peer()
    const connection = await friend.join(member.address)
    await member.sees(friend, 'alive')
    await friend.open(connection, GOODBYE_PROTOCOL)
    await member.sees(friend, 'left')
  }

  /** Stops all peers, and keeps nothing of them. */
  async forgetPeers(): Promise<void> {
    await Promise.all(this.#peers.splice(0).map((peer) => peer.stop()))
  }

  async end(): Promise<void> {
    await this.forgetPeers()
    await this.#members.end()
  }
}

export class RawMaster {
  readonly peer: RawPeer
  readonly sessions: ReturnType<typeof asMaster>[] = []
  /** On which the last session was opened. */
  connection: Connection | undefined

  constructor(peer: RawPeer) {
    this.peer = peer
  }

  /** The first, second, ... session that was opened, once it is there. */
  async session(number: number): Promise<ReturnType<typeof asMaster>> {
    await until(() => this.sessions.length >= number, `session ${number} is opened`)
    return this.sessions[number - 1]!
  }
}

export class RawWorker {
  readonly peer: RawPeer
  readonly connection: Connection

  constructor(peer: RawPeer, connection: Connection) {
    this.peer = peer
    this.connection = connection
  }

  async session(): Promise<ReturnType<typeof asWorker>> {
    return asWorker(await this.peer.open(this.connection, WORK_PROTOCOL))
  }
}
