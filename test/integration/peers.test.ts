/** Members that tell each other of members, over real connections on loopback. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import type { Member, PeerAddresses } from '../../src/core/members/events.ts'
import type { NodeId } from '../../src/core/types.ts'
import { BlobStore } from '../../src/blobs/blob-store.ts'
import { Admission } from '../../src/net/admission.ts'
import { createNetworkNode, privateKeyOf } from '../../src/net/libp2p.ts'
import { askPeers, PEERS_PROTOCOL } from '../../src/net/peers-exchange.ts'
import { NetworkRole } from '../../src/node/network-role.ts'
import { createCredentials, noisePrologue, openCredentials } from '../../src/trust/credentials.ts'
import type { Credentials } from '../../src/trust/credentials.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { until } from '../support/until.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']

/** A node of this process that runs nothing; `sees` waits for what it is told. */
class TestNode {
  readonly name: string
  readonly problems: string[] = []
  #network: NetworkRole | undefined
  #look: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  async start(credentials: Credentials, folder: string, to: readonly string[]): Promise<void> {
    this.#network = await NetworkRole.start({
      options: {
        ...{ seed: randomBytes(32), credentials, listen: LISTEN, join: to },
        isDiscovering: false
      },
      ...{ boot: this.name, name: this.name, master: undefined, worker: undefined },
      blobs: new BlobStore(folder),
      listener: {
        onNotice: () => undefined,
        onMember: () => this.#changed(),
        onProblem: (text) => {
          this.problems.push(text)
          this.#changed()
        }
      }
    })
  }

  get network(): NetworkRole {
    return this.#network!
  }

  get address(): string {
    return this.network.addresses[0]!
  }

  member(peer: NodeId): Readonly<Member> | undefined {
    return this.network.members.find((member) => member.peer === peer)
  }

  /** Waits until it is true; the test's own timeout is the bound. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#look.push(resolve))
  }

  async sees(other: TestNode, status: Member['status']): Promise<void> {
    await this.until(() => this.member(other.network.id)?.status === status)
  }

  async stop(): Promise<void> {
    await this.#network?.stop()
  }

  #changed(): void {
    for (const look of this.#look.splice(0)) look()
  }
}

describe('members that are told of members', function () {
  this.timeout(30_000)
  let credentials: Credentials
  let folder: string
  const endings: (() => Promise<void>)[] = []

  beforeEach(() => {
    credentials = createCredentials()
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-peers-'))
  })

  afterEach(async () => {
    await Promise.all(endings.splice(0).map((end) => end()))
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(name: string, to: readonly string[] = []): Promise<TestNode> {
    const node = new TestNode(name)
    await node.start(credentials, folder, to)
    endings.push(() => node.stop())
    return node
  }

  /** Somebody who was admitted, and says whatever a test wants. */
  async function raw(to: TestNode): Promise<{ libp2p: Libp2p; connection: Connection }> {
    const privateKey = await privateKeyOf(randomBytes(32))
    const prologue = noisePrologue(credentials)
    const libp2p = await createNetworkNode({ privateKey, prologue, listen: [] })
    const admission = new Admission(libp2p, {
      privateKey,
      hello: () => ({
        ...{ oldest: 1, newest: 1, program: 'raw', boot: 'raw', name: 'raw', isWorker: false },
        ...{ epoch: undefined, clock: Date.now(), certificate: undefined, addresses: [] }
      }),
      check: () => undefined,
      onAdmitted: () => undefined,
      onRefused: () => undefined,
      onMalformed: () => undefined
    })
    await libp2p.start()
    endings.push(async () => await libp2p.stop())
    const connection = await libp2p.dial(multiaddr(to.address))
    expect(await admission.isAdmitted(connection)).to.equal(true)
    return { libp2p, connection }
  }

  function told(node: TestNode, ...addresses: string[]): PeerAddresses {
    return { peer: node.network.id, addresses }
  }

  it('meet when they joined the same one, and stay when that one stops', async () => {
    const one = await start('one')
    const two = await start('two', [one.address])
    const three = await start('three', [one.address.replace(/\/p2p\/.*/, '')])
    await Promise.all([two.sees(three, 'alive'), three.sees(two, 'alive')])
    await one.stop()
    await Promise.all([two.sees(one, 'left'), three.sees(one, 'left')])
    expect(two.member(three.network.id)?.status).to.equal('alive')
    const four = await start('four', [three.address])
    await Promise.all([two.sees(four, 'alive'), four.sees(two, 'alive')])
    expect(four.member(one.network.id)).to.equal(undefined)
    for (const { problems } of [one, two, three, four]) expect(problems).to.deep.equal([])
  })

  it('are told what the asker does not have, and where it is', async () => {
    const one = await start('one')
    const two = await start('two', [one.address])
    await one.sees(two, 'alive')
    const { connection } = await raw(one)
    const twoAt = two.address.replace(/\/p2p\/.*/, '')
    const answer = await askPeers(connection, { have: [one.network.id], told: [] })
    expect(answer).to.deep.equal([told(two, twoAt)])
    const { connection: again } = await raw(one)
    expect(await askPeers(again, { have: [two.network.id], told: [] })).to.deep.equal([])
  })

  it('dial what can be read of what they are told', async () => {
    const one = await start('one')
    const two = await start('two')
    const { connection } = await raw(one)
    const [unreadable, good] = ['/ip4/999.1.1.1/tcp/1', two.address.replace(/\/p2p\/.*/, '')]
    const news = { have: undefined, told: [told(two, unreadable, good)] }
    expect(await askPeers(connection, news)).to.deep.equal([])
    await one.sees(two, 'alive')
  })

  it('go nowhere outside of the machine in the open network, if they listen on loopback', async () => {
    credentials = openCredentials()
    const one = await start('one')
    const two = await start('two', [one.address])
    await one.sees(two, 'alive')
    const { connection } = await raw(one)
    const outside = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' as NodeId
    const told = [{ peer: outside, addresses: ['/ip4/10.0.0.5/tcp/4001'] }]
    await askPeers(connection, { have: undefined, told })
    // No event tells of a dial that failed; whoever asks for members sees it.
    await until(() => one.member(outside)?.problem !== undefined, 'it was dialed')
    expect(one.member(outside)?.problem).to.match(/gater denied/)
  })

  it('reset what is no question, say so, and live on', async () => {
    const one = await start('one')
    const { connection } = await raw(one)
    for (const bytes of [
      encodeFrame(new Uint8Array([0xc1])),
      encodeFrame(new Uint8Array([0x92, 0xc0, 0x01])),
      new Uint8Array([0xff, 0xff, 0xff, 0xff])
    ]) {
      const said = (): string[] => one.problems.filter((text) => /^a stream of 12D3/.test(text))
      const before = said().length
      const stream = await connection.newStream(PEERS_PROTOCOL)
      const ended = new Promise((resolve) => stream.addEventListener('close', resolve))
      stream.send(bytes)
      await one.until(() => said().length > before)
      expect(said().at(-1)).to.match(/: a peer sent /)
      await ended
      expect(stream.status).to.equal('reset')
    }
    const two = await start('two', [one.address])
    await one.sees(two, 'alive')
  })
})
