/** Who is let in: everything a peer that passed the handshake, or did not, can say and not say. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Connection } from '@libp2p/interface'
import { expect } from 'chai'
import { encode } from '@msgpack/msgpack'
import { HELLO_PROTOCOL } from '../../src/net/admission.ts'
import { BLOB_PROTOCOL } from '../../src/wire/blob.ts'
import { GOODBYE_PROTOCOL, WORK_PROTOCOL } from '../../src/net/network.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello, encodeRefusal, encodeWelcome } from '../../src/wire/hello.ts'
import { Admitting } from '../support/admitting.ts'
import { exampleOf } from '../support/examples.ts'
import { aHello } from '../support/raw-peer.ts'
import { until } from '../support/until.ts'

describe('admission', function () {
  this.timeout(30_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  describe('of strangers', () => {
    it('who dial with another secret: they fail in the handshake, and are counted', async () => {
      const member = await net.member()
      const stranger = await net.peer({ of: createCredentials() })
      const problem = await stranger.dial(member.address).catch((error: unknown) => String(error))
      expect(problem).to.include('EncryptionFailedError')
      await member.refused('stranger', 1)
      expect(member.network.members).to.deep.equal([])
      await net.expectLivesOn(member)
      expect(member.network.refusals).to.deep.equal({ stranger: 1, hello: 0, message: 0 })
    })

    it('who are dialed: nobody is let in on either side', async () => {
      const stranger = await net.peer({ of: createCredentials(), isListening: true })
      let opened = 0
      stranger.libp2p.addEventListener('connection:open', () => opened++)
      const member = await net.member({ join: [stranger.address] })
      await until(() => member.network.members[0]?.problem !== undefined, 'the problem is told')
      expect(member.statusOf(stranger)).to.equal('known')
      expect(opened).to.equal(0)
      await net.expectLivesOn(member)
    })

    it('with many silent sockets: a member comes in all the same', async () => {
      const member = await net.member()
      const port = Number(/\/tcp\/(\d+)/.exec(member.address)![1])
      const sockets: Socket[] = []
      for (let count = 0; count < 800; count++) {
        const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
        socket.on('error', () => undefined)
        sockets.push(socket)
      }
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      const friend = await net.peer()
      const dial = async (): Promise<Connection> =>
        await friend.dial(member.address).catch(async (error: unknown) => {
          // A busy machine answers late; one that is locked answers with a reset.
          if (!String(error).includes('timeout')) throw error
          return await dial()
        })
      await dial()
      for (const socket of sockets) socket.destroy()
    })
  })

  describe('of peers that say no hello', () => {
    it('as dialers: they are hung up on, and counted', async () => {
      const member = await net.member()
      const silent = await net.peer()
      const connection = await silent.dial(member.address)
      expect(await member.refused('hello', 1)).to.deep.equal(['it said no hello in time'])
      await until(() => connection.status !== 'open', 'the connection is ended')
      expect(member.statusOf(silent)).to.equal('known')
      await net.expectLivesOn(member)
    })

    it('half of one, or none on its stream', async () => {
      const member = await net.member()
      const peer = await net.peer()
      for (const [count, part] of [new Uint8Array(0), new Uint8Array(2)].entries()) {
        const connection = await peer.dial(member.address)
        expect(await peer.sayHello(connection, part)).to.equal(undefined)
        const reasons = await member.refused('hello', count + 1)
        expect(reasons.at(-1)).to.equal('the stream ended before the hello')
        await until(() => connection.status !== 'open', 'the connection is ended')
      }
      await net.expectLivesOn(member)
    })

    it('as those who were dialed: without the protocol, and without an answer', async () => {
      const [deaf, mute] = [
        await net.peer({ isListening: true }),
        await net.peer({ isListening: true })
      ]
      await mute.serve(HELLO_PROTOCOL, () => undefined)
      const member = await net.member({ join: [deaf.address, mute.address] })
      await until(() => {
        const reasons = member.told.refusals.map(({ peer, reason }) => `${peer!} ${reason}`).join()
        return reasons.includes(`${deaf.id} Protocol`) && reasons.includes(`${mute.id} `)
      }, 'both are refused')
      expect([member.statusOf(deaf), member.statusOf(mute)]).to.deep.equal(['known', 'known'])
      await net.expectLivesOn(member)
    })

    it('because they are gone by then: nobody is alive that is not there', async () => {
      const member = await net.member()
      const peer = await net.peer()
      for (let round = 0; round < 20; round++) {
        const connection = await peer.dial(member.address)
        const stream = await peer.open(connection, HELLO_PROTOCOL)
        if (round % 2 === 0) stream.send(await peer.helloFrame(member.id))
        // It takes the member a while to come to the stream.
        else await peer.open(connection, WORK_PROTOCOL)
        for (let turn = 0; turn < round; turn++) await Promise.resolve()
        connection.abort(new Error('gone'))
      }
      await net.expectLivesOn(member)
      expect(member.statusOf(peer)).not.to.equal('alive')
    })
  })

  describe('of peers that say nonsense', () => {
    const nonsense: [what: string, frame: () => Uint8Array][] = [
      ['bytes that are no frame', () => randomBytes(100).fill(0x7f)],
      ['a frame longer than a hello', () => Buffer.from('00002001', 'hex')],
      ['a frame longer than memory', () => Buffer.from('ffffffff', 'hex')],
      ['an empty frame', () => encodeFrame(new Uint8Array(0))],
      ['a frame of garbage', () => encodeFrame(randomBytes(200).fill(0xc1, 0, 1))],
      ['a refusal', () => encodeFrame(encodeRefusal('I do not want you'))],
      ['something else than a list', () => encodeFrame(encode('hello'))],
      ['a hello that is no list', () => encodeFrame(encode([true, encode(7), null]))],
      ['a hello with fields missing', () => welcomeOf([1, 1, 'raw'])],
      ['versions that are words', () => welcomeOf(['one', 'two', 'raw', 'b', 'n', true, null, 1])],
      ['a name without an end', () => welcomeOf([1, 1, 'raw', 'b', 'n'.repeat(65), true, null, 1])],
      ['roles that are numbers', () => welcomeOf([1, 1, 'raw', 'b', 'n', 3, null, 1])],
      [
        'an endless certificate',
        () => welcomeOf([1, 1, '', 'b', 'n', true, 'e', 1, Buffer.alloc(257)])
      ]
    ]

    function welcomeOf(fields: unknown[]): Uint8Array {
      return encodeFrame(encode([true, encode(fields), randomBytes(64)]))
    }

    for (const [what, frame] of nonsense) {
      it(`${what}: reset at once, hung up on and counted`, async () => {
        const member = await net.member()
        const peer = await net.peer()
        const connection = await peer.dial(member.address)
        const stream = await peer.open(connection, HELLO_PROTOCOL)
        stream.send(frame())
        expect(await stream.ended).to.equal('reset')
        const [reason] = await member.refused('hello', 1)
        expect(reason).to.match(/^a peer sent /)
        await until(() => connection.status !== 'open', 'the connection is ended')
        await net.expectLivesOn(member)
      })
    }

    it('as those who were dialed', async () => {
      const peer = await net.peer({ isListening: true })
      await peer.serve(HELLO_PROTOCOL, (stream) => {
        stream.send(encodeFrame(randomBytes(200).fill(0xc1, 0, 1)))
      })
      const member = await net.member({ join: [peer.address] })
      await until(() => member.network.refusals.hello > 0, 'it is refused')
      expect(member.told.refusals[0]?.reason).to.match(/^a peer sent /)
      expect(member.statusOf(peer)).to.equal('known')
      await net.expectLivesOn(member)
    })
  })

  describe('once per connection', () => {
    it('a second hello is reset and counted, and changes nothing', async () => {
      const member = await net.member()
      const peer = await net.peer()
      const connection = await peer.join(member.address, { name: 'first' })
      const again = await peer.helloFrame(member.id, { name: 'second' })
      expect(await peer.sayHello(connection, again)).to.equal(undefined)
      expect(await member.refused('message', 1)).to.deep.equal([
        'a peer sent a hello where none belongs'
      ])
      expect(member.network.members[0]?.info?.name).to.equal('first')
      expect(connection.status).to.equal('open')
    })

    it('two at the same time are one and nonsense', async () => {
      const member = await net.member()
      const peer = await net.peer()
      const connection = await peer.dial(member.address)
      const frame = await peer.helloFrame(member.id)
      const answers = await Promise.all([1, 2].map(() => peer.sayHello(connection, frame)))
      expect(answers.map((answer) => answer?.type).sort()).to.deep.equal(['welcome', undefined])
      await member.refused('message', 1)
      await member.sees(peer, 'alive')
    })

    it('a peer that was dialed says none', async () => {
      const peer = await net.peer({ isListening: true })
      await peer.welcome()
      const opened = once(peer.libp2p, 'connection:open') as Promise<[CustomEvent<Connection>]>
      const member = await net.member({ join: [peer.address] })
      const [{ detail: connection }] = await opened
      expect(await peer.sayHello(connection, await peer.helloFrame(member.id))).to.equal(undefined)
      await member.refused('message', 1)
      await member.sees(peer, 'alive')
    })
  })

  describe('before anything else', () => {
    it('nothing is served to a peer whose hello fails', async () => {
      const member = await net.member({ isMaster: true, slots: 1 })
      const peer = await net.peer()
      const connection = await peer.dial(member.address)
      const early = await Promise.all(
        [WORK_PROTOCOL, BLOB_PROTOCOL, GOODBYE_PROTOCOL].map((protocol) =>
          peer.open(connection, protocol)
        )
      )
      for (const stream of early) stream.send(randomBytes(100))
      const bad = encodeWelcome(encodeHello(aHello()), randomBytes(64))
      expect((await peer.sayHello(connection, encodeFrame(bad)))?.type).to.equal('refusal')
      for (const stream of early) await stream.ended
      expect(member.network.refusals).to.deep.equal({ stranger: 0, hello: 1, message: 0 })
      expect(member.statusOf(peer)).to.equal('known')
      expect(member.told.notices).to.deep.equal([])
      await net.expectLivesOn(member)
    })

    it('what a peer opened too early is served once it is in, and its end is heard', async () => {
      const member = await net.member({ isMaster: true })
      const peer = await net.peer()
      const connection = await peer.dial(member.address)
      const early = await peer.open(connection, WORK_PROTOCOL)
      early.send(exampleOf('hold'))
      await early.close()
      await peer.sayHello(connection, await peer.helloFrame(member.id))
      await until(() => member.told.notices.length === 2, 'it has joined and parted')
      expect(member.told.notices.map(({ type }) => type)).to.deep.equal(['joined', 'parted'])
      expect(await early.ended).to.equal('closed')
    })
  })
})
