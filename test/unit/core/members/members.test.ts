import { expect } from 'chai'
import fc from 'fast-check'
import { ADDRESSES_MAX, MEMBERS_MAX } from '../../../../src/core/limits.ts'
import {
  FAILURES_AT_ADDRESS_MAX,
  LEFT_MS,
  REDIAL_MAX_MS,
  REDIAL_MIN_MS,
  REDIAL_UNSEEN_MAX_MS,
  SIGHTING_MS,
  YIELD_MS
} from '../../../../src/core/members/members.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { addressOf, GREATER, LESSER, SELF, TestMembers } from '../../../support/members-machine.ts'

const HOUR_MS = 3_600_000
const ADDRESS = '/ip4/10.9.9.9/tcp/4001'

/** The waits between one dial and the next. */
function waitsOf(members: TestMembers): number[] {
  const dials = members.takeDialsAt()
  return dials.slice(1).map(({ at }, place) => at - (dials[place]?.at ?? 0))
}

describe('Members', () => {
  describe('a sighting', () => {
    it('is dialed at its addresses, and makes a member that was never met', () => {
      const members = new TestMembers()
      members.sights(GREATER, ['/x', '/y'])
      expect(members.takeDialsAt()).to.deep.equal([
        { target: GREATER, addresses: ['/x', '/y'], at: members.now }
      ])
      expect(members.member(GREATER)).to.include({ status: 'known', info: undefined })
      expect(members.takeChanges()).to.deep.equal([])
    })

    it('of this node itself means nothing', () => {
      const members = new TestMembers()
      members.sights(SELF)
      expect(members.takeDials()).to.deep.equal([])
      expect(members.machine.members).to.deep.equal([])
    })

    it('is left to the other node first, if that has the lesser id', () => {
      const members = new TestMembers()
      members.sights(LESSER)
      members.passes(YIELD_MS - 1)
      expect(members.takeDials()).to.deep.equal([])
      members.passes(1)
      expect(members.takeDials()).to.deep.equal([LESSER])
    })

    it('is not dialed when the other node has come meanwhile', () => {
      const members = new TestMembers()
      members.sights(LESSER)
      members.isAdmitted(LESSER)
      members.passes(HOUR_MS)
      expect(members.takeDials()).to.deep.equal([])
    })

    it('again and again does not dial sooner than the wait after a failure', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      for (let time = 0; time < 300; time++) {
        members.passes(100)
        members.sights(GREATER)
      }
      const waits = waitsOf(members)
      expect(Math.max(...waits)).to.be.within(REDIAL_MAX_MS / 2, REDIAL_MAX_MS)
      expect(waits.length).to.be.lessThan(20)
    })

    it('at new addresses is news: it is dialed at once', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.passes(20_000)
      members.takeDials()
      members.sights(GREATER, ['/elsewhere'])
      const [dial] = members.takeDialsAt()
      expect(dial).to.deep.equal({ target: GREATER, addresses: ['/elsewhere'], at: members.now })
    })

    it('is news after a long time in which there was none', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.passes(SIGHTING_MS + 1)
      members.takeDials()
      members.sights(GREATER)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('with addresses that never stay the same does not make it dial without end', () => {
      const members = new TestMembers()
      for (let time = 0; time < 1_000; time++) {
        members.sights(GREATER, [`/address/${time}`])
        members.failAll()
        members.passes(1)
      }
      expect(members.takeDials().length).to.be.within(2, 2_000 / REDIAL_MIN_MS + 1)
    })

    it('brings no more addresses than are kept, each once', () => {
      const members = new TestMembers()
      const many = Array.from({ length: 3 * ADDRESSES_MAX }, (_, at) => `/address/${at >> 1}`)
      members.sights(GREATER, many)
      const [dial] = members.takeDialsAt()
      expect(dial?.addresses).to.have.lengthOf(ADDRESSES_MAX)
      expect(new Set(dial?.addresses).size).to.equal(ADDRESSES_MAX)
    })

    it('without an address cannot be dialed, and one with addresses can', () => {
      const members = new TestMembers()
      members.sights(GREATER, [])
      members.passes(HOUR_MS)
      expect(members.takeDials()).to.deep.equal([])
      members.sights(GREATER)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('of one that is connected changes its addresses and nothing else', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.takeChanges()
      members.sights(GREATER, ['/new'])
      expect(members.takeDials()).to.deep.equal([])
      expect(members.takeChanges()).to.deep.equal([])
      expect(members.member(GREATER)?.addresses).to.deep.equal(['/new'])
    })
  })

  describe('a dial that fails', () => {
    it('is repeated after waits that double, with jitter, up to a bound', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.passes(60_000)
      const waits = waitsOf(members)
      for (const [time, wait] of waits.entries()) {
        const whole = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** time)
        expect(wait).to.be.within(whole / 2, whole)
      }
      expect(new Set(waits).size, 'jitter').to.be.greaterThan(waits.length / 2)
    })

    it('is repeated for as long as the node lives, more seldom once nobody sees the peer', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.passes(24 * HOUR_MS)
      const waits = waitsOf(members)
      const last = waits.slice(-100)
      expect(Math.min(...last)).to.be.at.least(REDIAL_UNSEEN_MAX_MS / 2)
      expect(Math.max(...last)).to.be.at.most(REDIAL_UNSEEN_MAX_MS)
    })

    it('says why, and the next success clears that', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.fails(GREATER, 'connection refused')
      expect(members.member(GREATER)?.problem).to.equal('connection refused')
      members.passes(REDIAL_MIN_MS, false)
      members.connects(GREATER, GREATER)
      expect(members.member(GREATER)).to.include({ status: 'alive', problem: undefined })
    })

    it('is not answered twice over: while it goes on there is no other', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      for (let time = 0; time < 100; time++) {
        members.passes(1_000, false)
        members.sights(GREATER, [`/address/${time}`])
      }
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('of a target that was forgotten meanwhile means nothing', () => {
      const members = new TestMembers()
      members.does({ type: 'dialed', target: 'stranger', peer: undefined, problem: 'so' })
      expect(members.takeDials()).to.deep.equal([])
      expect(members.machine.members).to.deep.equal([])
    })

    it('may have connected all the same: if no hello came of it, it is dialed again', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.dialing.delete(GREATER)
      members.does({ type: 'dialed', target: GREATER, peer: GREATER, problem: undefined })
      members.takeDials()
      members.passes(REDIAL_MIN_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })
  })

  describe('a member', () => {
    it('is alive once it is admitted, and said to be once', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.isAdmitted(GREATER)
      expect(members.takeChanges()).to.deep.equal([`${GREATER} alive`])
      expect(members.member(GREATER)?.info?.name).to.equal(`name of ${GREATER}`)
    })

    it('that connected by itself is known by where it came from, if by nothing else', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER, '/from/here')
      expect(members.member(GREATER)?.addresses).to.deep.equal(['/from/here'])
      members.isAdmitted(GREATER, '/from/there')
      expect(members.member(GREATER)?.addresses).to.deep.equal(['/from/here'])
    })

    it('failed when its connection ends without a word, and is dialed again soon', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.connects(GREATER, GREATER)
      members.takeDials()
      members.does({ type: 'disconnected', peer: GREATER })
      expect(members.takeChanges()).to.deep.equal([`${GREATER} alive`, `${GREATER} failed`])
      members.passes(REDIAL_MIN_MS)
      expect(members.takeDials()).to.include(GREATER)
    })

    it('comes back by itself after an hour of sleep', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.connects(GREATER, GREATER)
      members.does({ type: 'disconnected', peer: GREATER })
      members.passes(HOUR_MS)
      members.takeDials()
      members.passes(REDIAL_UNSEEN_MAX_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
      members.connects(GREATER, GREATER)
      expect(members.member(GREATER)?.status).to.equal('alive')
    })

    it('left when it says goodbye, whether its connection has ended or not', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.connects(GREATER, GREATER)
      members.takeDials()
      members.does({ type: 'goodbye', peer: GREATER })
      members.does({ type: 'goodbye', peer: GREATER })
      members.does({ type: 'disconnected', peer: GREATER })
      expect(members.takeChanges()).to.deep.equal([`${GREATER} alive`, `${GREATER} left`])
      members.passes(HOUR_MS)
      expect(members.takeDials()).to.deep.equal([])
    })

    it('that left is not taken for back by what was said before it left', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.does({ type: 'goodbye', peer: GREATER })
      members.does({ type: 'disconnected', peer: GREATER })
      members.passes(LEFT_MS - 1)
      members.sights(GREATER)
      expect(members.takeDials()).to.deep.equal([])
      members.passes(1)
      members.sights(GREATER)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('that left and comes back is alive again', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.does({ type: 'goodbye', peer: GREATER })
      members.does({ type: 'disconnected', peer: GREATER })
      members.isAdmitted(GREATER)
      expect(members.takeChanges().at(-1)).to.equal(`${GREATER} alive`)
    })

    it('of whom a hint says that it has gone is asked for less often, not forgotten', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.passes(20_000)
      members.does({ type: 'gone', peer: GREATER })
      members.passes(30_000)
      members.takeDials()
      members.passes(10 * REDIAL_UNSEEN_MAX_MS)
      const waits = waitsOf(members)
      expect(Math.min(...waits)).to.be.at.least(REDIAL_UNSEEN_MAX_MS / 2)
    })

    it('that is connected does not care for such a hint, nor does a stranger', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.does({ type: 'gone', peer: GREATER })
      members.does({ type: 'gone', peer: 'stranger' as NodeId })
      expect(members.member(GREATER)?.status).to.equal('alive')
      expect(members.machine.members).to.have.lengthOf(1)
    })

    it('means nothing by a goodbye or an end when nobody knows it', () => {
      const members = new TestMembers()
      members.does({ type: 'goodbye', peer: 'stranger' as NodeId })
      members.does({ type: 'disconnected', peer: 'stranger' as NodeId })
      expect(members.takeChanges()).to.deep.equal([])
      expect(members.machine.members).to.deep.equal([])
    })

    it('that is refused is said to be, once for each reason, and tried again', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.takeDials()
      for (const reason of ['the clocks differ', 'the clocks differ', 'another version']) {
        members.does({ type: 'refused', peer: GREATER, reason })
      }
      members.failAll('another version')
      expect(members.takeChanges()).to.deep.equal([`${GREATER} known`, `${GREATER} known`])
      members.passes(REDIAL_MAX_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
      expect(members.member(GREATER)?.problem).to.equal('another version')
    })
  })

  describe('an address that a user named', () => {
    const PEER_ADDRESS = addressOf(GREATER)

    it('is dialed at once, with or without the peer it belongs to', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      members.does({ type: 'join', address: PEER_ADDRESS, peer: LESSER })
      expect(
        members.takeDialsAt().map(({ target, addresses }) => [target, addresses])
      ).to.deep.equal([
        [ADDRESS, [ADDRESS]],
        [LESSER, [PEER_ADDRESS]]
      ])
      expect(
        members.machine.members.map(({ peer }) => peer),
        'an address is no member'
      ).to.deep.equal([LESSER])
    })

    it('of this node itself means nothing', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: SELF })
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      expect(members.takeDials()).to.deep.equal([ADDRESS])
      members.dialing.clear()
      members.does({ type: 'dialed', target: ADDRESS, peer: SELF, problem: undefined })
      members.passes(HOUR_MS)
      expect(members.takeDials()).to.deep.equal([])
      expect(members.machine.members).to.deep.equal([])
    })

    it('is dialed often, for ever, although nobody sees it', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      members.passes(24 * HOUR_MS)
      expect(Math.max(...waitsOf(members))).to.be.at.most(REDIAL_MAX_MS)
    })

    it('becomes the peer that is found there', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      members.connects(ADDRESS, GREATER)
      members.takeDials()
      expect(members.machine.members).to.have.lengthOf(1)
      expect(members.member(GREATER)).to.deep.include({ status: 'alive', addresses: [ADDRESS] })
      members.does({ type: 'disconnected', peer: GREATER })
      members.passes(REDIAL_MIN_MS, false)
      expect(members.takeDialsAt()[0]).to.deep.include({ target: GREATER, addresses: [ADDRESS] })
    })

    it('becomes the peer also when its hello is still to come', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      members.dialing.clear()
      members.does({ type: 'dialed', target: ADDRESS, peer: GREATER, problem: undefined })
      members.takeDials()
      members.passes(REDIAL_MIN_MS, false)
      expect(members.takeDials(), 'it never came').to.deep.equal([GREATER])
    })

    it('is kept beside the addresses that discovery sees', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: PEER_ADDRESS, peer: GREATER })
      members.sights(GREATER, ['/seen'])
      expect(members.member(GREATER)?.addresses).to.deep.equal([PEER_ADDRESS, '/seen'])
    })

    it('is asked again for whoever is there now, when the peer found there stays away', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: ADDRESS, peer: undefined })
      members.connects(ADDRESS, GREATER)
      members.does({ type: 'disconnected', peer: GREATER })
      members.takeDials()
      members.passes(FAILURES_AT_ADDRESS_MAX * REDIAL_MAX_MS)
      const dials = members.takeDials()
      expect(dials.filter((target) => target === ADDRESS).length).to.be.greaterThan(0)
      members.passes(REDIAL_MAX_MS, false)
      expect(members.dialing).to.include(ADDRESS)
      members.connects(ADDRESS, LESSER)
      expect(members.member(LESSER)?.status).to.equal('alive')
    })

    it('is dialed again also when its peer left', () => {
      const members = new TestMembers()
      members.does({ type: 'join', address: PEER_ADDRESS, peer: GREATER })
      members.connects(GREATER, GREATER)
      members.takeDials()
      members.does({ type: 'goodbye', peer: GREATER })
      members.passes(2 * REDIAL_MAX_MS, false)
      members.does({ type: 'disconnected', peer: GREATER })
      members.passes(REDIAL_MAX_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('of a peer that is connected is not dialed', () => {
      const members = new TestMembers()
      members.isAdmitted(GREATER)
      members.does({ type: 'join', address: PEER_ADDRESS, peer: GREATER })
      members.passes(HOUR_MS)
      expect(members.takeDials()).to.deep.equal([])
    })
  })

  it('forgets the longest unseen when there are too many, and none that is connected or named', () => {
    const members = new TestMembers()
    members.isAdmitted('alive' as NodeId)
    members.does({ type: 'join', address: '/named', peer: 'named' as NodeId })
    for (let peer = 0; peer < MEMBERS_MAX; peer++) {
      members.sights(`p${peer}` as NodeId, [])
      members.now++
    }
    const peers = new Set(members.machine.members.map(({ peer }) => peer as string))
    expect(peers.size).to.equal(MEMBERS_MAX)
    expect(['alive', 'named', 'p0', 'p1', 'p2'].map((peer) => peers.has(peer))).to.deep.equal([
      ...[true, true],
      ...[false, false, true]
    ])
  })

  it('takes nobody in when all are connected', () => {
    const members = new TestMembers()
    for (let peer = 0; peer <= MEMBERS_MAX; peer++) members.isAdmitted(`p${peer}` as NodeId)
    expect(members.machine.members).to.have.lengthOf(MEMBERS_MAX)
    members.sights('late' as NodeId)
    members.does({ type: 'refused', peer: 'late' as NodeId, reason: 'so' })
    members.does({ type: 'join', address: '/late', peer: undefined })
    expect(members.takeDials()).to.deep.equal([])
  })

  describe('whatever happens', () => {
    const peer = fc.constantFrom<NodeId>(LESSER, GREATER, SELF, 'q' as NodeId)
    const address = fc.constantFrom('/x', '/y', '/z')
    type Step = (members: TestMembers) => void
    const dialedOf =
      (target: string, who: NodeId | undefined): Step =>
      (members) => {
        members.dialing.delete(target)
        const problem = who === undefined ? 'nobody is there' : undefined
        members.does({ type: 'dialed', target, peer: who, problem })
      }
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.tuple(peer, fc.array(address, { maxLength: 3 })).map<Step>(
        ([who, where]) =>
          (members) =>
            members.sights(who, where)
      ),
      fc.tuple(address, fc.option(peer, { nil: undefined })).map<Step>(
        ([where, who]) =>
          (members) =>
            members.does({ type: 'join', address: where, peer: who })
      ),
      peer
        .filter((who) => who !== SELF)
        .map<Step>((who) => (members) => members.isAdmitted(who, '/inbound')),
      fc
        .tuple(peer, fc.constantFrom('goodbye' as const, 'disconnected' as const, 'gone' as const))
        .map<Step>(
          ([who, type]) =>
            (members) =>
              members.does({ type, peer: who })
        ),
      peer.map<Step>(
        (who) => (members) => members.does({ type: 'refused', peer: who, reason: 'so' })
      ),
      fc
        .tuple(fc.oneof(peer, address), fc.option(peer, { nil: undefined }))
        .map<Step>(([target, who]) => dialedOf(target, who)),
      fc.nat(20_000).map<Step>((span) => (members) => members.passes(span, false))
    )

    it('never dials the same target twice at once, nor this node, nor one that is connected', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
          const members = new TestMembers()
          for (const does of steps) {
            does(members)
            for (const target of members.takeDials()) {
              expect(target).to.not.equal(SELF)
              expect(members.member(target as NodeId)?.status).to.not.equal('alive')
            }
          }
        }),
        { numRuns: 500 }
      )
    })

    it('goes on dialing everybody who failed and everything that was named', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const members = new TestMembers()
          members.does({ type: 'join', address: '/always', peer: 'always' as NodeId })
          for (const does of steps) does(members)
          members.failAll()
          members.passes(LEFT_MS + REDIAL_UNSEEN_MAX_MS)
          members.takeDials()
          members.passes(2 * REDIAL_UNSEEN_MAX_MS)
          const dialed = new Set(members.takeDials())
          const lost = members.machine.members.filter(
            ({ status, addresses }) => status === 'failed' && addresses.length > 0
          )
          for (const { peer: who } of lost) expect(dialed, who).to.include(who)
          expect(dialed).to.include('always')
        }),
        { numRuns: 200 }
      )
    })
  })
})
