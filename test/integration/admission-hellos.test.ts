/** Hellos that can be read: whose, of what roles, and in which versions they are taken. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { HELLO_PROTOCOL } from '../../src/net/admission.ts'
import { WORK_PROTOCOL } from '../../src/net/network.ts'
import { CERTIFICATE_MS, issueCertificate } from '../../src/trust/certificate.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { encodeHello, encodeRefusal, encodeWelcome } from '../../src/wire/hello.ts'
import { Admitting } from '../support/admitting.ts'
import { aHello } from '../support/raw-peer.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/until.ts'

const MINUTE_MS = 60_000
/** The instants of the master's clock and of ours. */
const BOTH_CLOCKS =
  /made at 20\d\d-[\d:.TZ-]+ by the master's clock.* it is 20\d\d-[\d:.TZ-]+ by the clock here: set the wrong clock/

describe('admission by a hello', function () {
  this.timeout(30_000)
  const net = new Admitting()
  const rootSeed = net.credentials.rootSeed!

  afterEach(async () => {
    await net.end()
  })

  describe('of peers whose signature is not theirs for us', () => {
    const signatures: [
      what: string,
      sign: (body: Uint8Array, member: string, peer: RawPeer) => Promise<Uint8Array>
    ][] = [
      ['random bytes', () => Promise.resolve(randomBytes(64))],
      ['of another peer', async (body, member) => (await net.peer()).sign(body, member)],
      ['for another receiver', (body, _member, peer) => peer.sign(body, peer.id)],
      ['of another hello', (_body, member, peer) => peer.sign(encodeHello(aHello()), member)]
    ]
    for (const [what, sign] of signatures) {
      it(what, async () => {
        const member = await net.member()
        const peer = await net.peer()
        const body = encodeHello(aHello({ boot: 'this' }))
        const signature = await sign(body, member.id, peer)
        const reason = await net.refusalOf(
          member,
          peer,
          encodeFrame(encodeWelcome(body, signature))
        )
        expect(reason).to.equal('its hello is not signed by its own key for this node')
        expect(await member.refused('hello', 1)).to.deep.equal([reason])
        await net.expectLivesOn(member)
      })
    }
  })

  describe('of masters', () => {
    // Read when a test runs: files are loaded long before.
    const now = (): number => Date.now()
    const another = createCredentials().rootSeed
    const certificates: [
      what: string,
      make: (peer: string) => Uint8Array | undefined,
      reason: RegExp
    ][] = [
      [
        'none: it has a work token',
        () => undefined,
        /holds only a work token; see `p2pjobs token --full`/
      ],
      [
        'by another root',
        (peer) => issueCertificate(another!, peer, now()),
        /not signed for it by this network's root key/
      ],
      [
        'for another peer',
        () => issueCertificate(rootSeed, 'another', now()),
        /not signed for it by this/
      ],
      ['garbage', () => randomBytes(77).fill(1, 0, 1), /not signed for it by this/],
      [
        'cut off',
        (peer) => issueCertificate(rootSeed, peer, now()).subarray(0, 76),
        /has 76 bytes and not 77/
      ],
      ['empty', () => new Uint8Array(0), /has 0 bytes and not 77/],
      [
        'of a later version',
        (peer) => issueCertificate(rootSeed, peer, now()).fill(2, 0, 1),
        /has version 2, and this node reads 1/
      ],
      [
        'expired',
        (peer) => issueCertificate(rootSeed, peer, now() - CERTIFICATE_MS - 60 * MINUTE_MS),
        BOTH_CLOCKS
      ],
      [
        'not yet valid',
        (peer) => issueCertificate(rootSeed, peer, now() + 60 * MINUTE_MS),
        BOTH_CLOCKS
      ]
    ]
    for (const [what, make, expected] of certificates) {
      it(`with a certificate that is no good, ${what}: refused as dialer and as dialed`, async () => {
        const worker = await net.member({ slots: 1 })
        const master = await net.peer({ isListening: true })
        const hello = { epoch: 'epoch', certificate: make(master.id) }
        const reason = await net.refusalOf(
          worker,
          master,
          await master.helloFrame(worker.id, hello)
        )
        expect(reason).to.match(expected)
        expect(await worker.refused('hello', 1)).to.deep.equal([reason])

        let sessions = 0
        await master.welcome(hello)
        await master.serve(WORK_PROTOCOL, () => sessions++)
        const dialer = await net.member({ slots: 1, join: [master.address] })
        await until(() => dialer.network.refusals.hello > 0, 'the master is refused')
        expect(dialer.told.refusals[0]?.reason).to.match(expected)
        await net.expectLivesOn(dialer)
        expect(sessions).to.equal(0)
        expect(dialer.statusOf(master)).to.equal('known')
      })
    }

    it('whose clock differs by less than ten minutes: admitted', async () => {
      const worker = await net.member({ slots: 1 })
      for (const difference of [5 * MINUTE_MS, -CERTIFICATE_MS - 5 * MINUTE_MS]) {
        const master = await net.peer()
        const certificate = issueCertificate(rootSeed, master.id, now() + difference)
        await master.join(worker.address, { epoch: 'epoch', certificate })
        await worker.sees(master, 'alive')
      }
    })
  })

  describe('of versions', () => {
    it('that do not meet: refused, both named on both sides', async () => {
      const member = await net.member()
      const peer = await net.peer({ isListening: true })
      const later = { oldest: 2, newest: 3, program: 'raw 9.9.9' }
      const reason = await net.refusalOf(member, peer, await peer.helloFrame(member.id, later))
      const [told] = await member.refused('hello', 1)
      for (const text of [reason, told]) {
        expect(text).to.match(/raw 9\.9\.9 speaks protocol 2 to 3, p2pjobs [\d.]+ speaks 1 to 1/)
      }

      await peer.welcome(later)
      const dialer = await net.member({ join: [peer.address] })
      await until(() => dialer.told.members.length > 0, 'the peer is told of')
      expect(dialer.told.members[0]?.problem).to.equal(reason)
    })

    it('with a refusal of ours: the reason is told, and stays told', async () => {
      const peer = await net.peer({ isListening: true })
      await peer.serve(HELLO_PROTOCOL, (stream, connection) => {
        void stream.frame().then(async () => {
          stream.send(encodeFrame(encodeRefusal('the versions do not fit: 1 and 7')))
          await stream.close()
          await connection.close()
        })
      })
      const member = await net.member({ join: [peer.address] })
      await until(() => member.network.refusals.hello > 1, 'it was dialed twice')
      const [known] = member.network.members
      expect(known?.problem).to.equal('it refused us: the versions do not fit: 1 and 7')
      expect(known?.status).to.equal('known')
    })

    it('that meet anywhere: admitted', async () => {
      const member = await net.member()
      for (const [oldest, newest] of [
        [0, 1],
        [1, 2],
        [0, 9]
      ]) {
        const peer = await net.peer()
        await peer.join(member.address, { oldest: oldest!, newest: newest! })
        await member.sees(peer, 'alive')
      }
    })
  })
})
