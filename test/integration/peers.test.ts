/** Members that tell each other of members, over real connections on loopback. */
import { randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { bareAddress } from '../../src/core/members/reach.ts'
import type { PeerAddresses } from '../../src/core/members/events.ts'
import type { NodeId } from '../../src/core/types.ts'
import { withinThisMachine } from '../../src/net/dial-rule.ts'
import { createNetworkNode, privateKeyOf } from '../../src/net/libp2p.ts'
import { askPeers, PEERS_PROTOCOL } from '../../src/net/peers-exchange.ts'
import { createCredentials, noisePrologue, openCredentials } from '../../src/trust/credentials.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { Members } from '../support/members.ts'
import type { TestMember } from '../support/members.ts'
import { RawPeer } from '../support/raw-peer.ts'

describe('members that are told of members', function () {
  this.timeout(30_000)
  let credentials = createCredentials()
  let members: Members
  let raw: RawPeer | undefined

  beforeEach(() => {
    credentials = createCredentials()
    members = new Members()
  })

  afterEach(async () => {
    await raw?.stop()
    raw = undefined
    await members.end()
  })

  async function start(name: string, ...to: string[]): Promise<TestMember> {
    return await members.start({ credentials, name, slots: 1, join: to })
  }

  /** A connection of somebody who was admitted, and says whatever a test wants. */
  async function admitted(to: TestMember): Promise<Connection> {
    raw = await RawPeer.open({ credentials })
    await raw.serve(PEERS_PROTOCOL, (stream) => stream.reset())
    return await raw.join(to.address)
  }

  function told({ id }: TestMember, ...addresses: string[]): PeerAddresses {
    return { peer: id, addresses }
  }

  it('meet when they joined the same one, and stay when that one stops', async () => {
    const one = await start('one')
    const two = await start('two', one.address)
    const three = await start('three', bareAddress(one.address))
    await Promise.all([two.sees(three, 'alive'), three.sees(two, 'alive')])
    await one.stop()
    await Promise.all([two.sees(one, 'left'), three.sees(one, 'left')])
    expect(two.statusOf(three)).to.equal('alive')
    const four = await start('four', three.address)
    await Promise.all([two.sees(four, 'alive'), four.sees(two, 'alive')])
    expect(four.statusOf(one)).to.equal(undefined)
    for (const each of [one, two, three, four]) expect(each.told.problems).to.deep.equal([])
  })

  it('are told what the asker does not have, and where it is', async () => {
    const one = await start('one')
    const two = await start('two', one.address)
    await one.sees(two, 'alive')
    const connection = await admitted(one)
    const answer = await askPeers(connection, { have: [one.id], told: [] })
    expect(answer).to.deep.equal([told(two, bareAddress(two.address))])
    // Whoever asks again at once is not answered: it has just been told.
    expect(await askPeers(connection, { have: [one.id], told: [] })).to.deep.equal([])
  })

  it('dial what can be read of what they are told', async () => {
    const [one, two] = [await start('one'), await start('two')]
    const connection = await admitted(one)
    const [unreadable, good] = ['/ip4/999.1.1.1/tcp/1', bareAddress(two.address)]
    const news = { have: undefined, told: [told(two, unreadable, good)] }
    expect(await askPeers(connection, news)).to.deep.equal([])
    await one.sees(two, 'alive')
  })

  it('reset what is no question, count it, and live on', async () => {
    const one = await start('one')
    const connection = await admitted(one)
    const nonsense = [
      encodeFrame(new Uint8Array([0xc1])),
      encodeFrame(new Uint8Array([0x92, 0xc0, 0x01])),
      new Uint8Array([0xff, 0xff, 0xff, 0xff])
    ]
    for (const [count, bytes] of nonsense.entries()) {
      const stream = await raw!.open(connection, PEERS_PROTOCOL)
      stream.send(bytes)
      expect(await stream.ended).to.equal('reset')
      const reasons = await one.refused('message', count + 1)
      expect(reasons.at(-1)).to.match(/^a peer sent /)
    }
    const two = await start('two', one.address)
    await one.sees(two, 'alive')
  })

  it('are asked by nobody who was not admitted', async () => {
    const one = await start('one')
    raw = await RawPeer.open({ credentials })
    const stream = await raw.open(await raw.dial(one.address), PEERS_PROTOCOL)
    expect(await stream.ended).to.equal('reset')
  })
})

describe('a node that is to stay within its machine', function () {
  this.timeout(30_000)
  const OUTSIDE = '/ip4/10.0.0.5/tcp/4001'
  const INSIDE = '/ip4/127.0.0.1/tcp/9'
  const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' as NodeId
  const members = new Members()

  afterEach(async () => {
    await members.end()
  })

  it('is one of the open network that listens on loopback: it sees nobody outside', async () => {
    const one = await members.start({ credentials: openCredentials() })
    one.told.sighting({ peer: PEER, addresses: [OUTSIDE] })
    expect(one.network.members).to.deep.equal([])
    one.told.sighting({ peer: PEER, addresses: [OUTSIDE, INSIDE] })
    expect(one.network.members.map(({ addresses }) => addresses)).to.deep.equal([[INSIDE]])
  })

  it('dials nobody outside, whoever told of it', async () => {
    const libp2p = await createNetworkNode({
      privateKey: await privateKeyOf(randomBytes(32)),
      prologue: noisePrologue(openCredentials()),
      listen: [],
      mayDial: withinThisMachine([])
    })
    await libp2p.start()
    try {
      const outcome = libp2p.dial([multiaddr(`${OUTSIDE}/p2p/${PEER}`)])
      await outcome.then(
        () => expect.fail('it was dialed'),
        (error: unknown) => expect(String(error)).to.match(/gater denied/)
      )
    } finally {
      await libp2p.stop()
    }
  })
})
