import { expect } from 'chai'
import { ADDRESSES_MAX, DIALS_MAX } from '../../../../src/core/limits.ts'
import {
  REDIAL_MAX_MS,
  REDIAL_MIN_MS,
  REDIAL_UNSEEN_MAX_MS,
  SIGHTING_MS
} from '../../../../src/core/members/dialing.ts'
import { YIELD_MS } from '../../../../src/core/members/members.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { GREATER, LESSER, SELF, TestMembers } from '../../../support/members-machine.ts'

const HOUR_MS = 3_600_000

describe('whom a node dials', () => {
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
      const waits = members.takeWaits()
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
      members.passes(20_000)
      members.takeDials()
      members.sights(GREATER, [...many, '/another'])
      expect(members.takeDials(), 'of those kept none is news').to.deep.equal([])
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
      const waits = members.takeWaits()
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
      const waits = members.takeWaits()
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

    it('that nobody began makes no room for more at a time than there may be', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      for (const target of [GREATER, GREATER, 'stranger']) members.fails(target)
      for (let peer = 0; peer < 2 * DIALS_MAX; peer++) members.sights(`n${peer}` as NodeId)
      members.passes(HOUR_MS, false)
      expect(members.dialing.size).to.equal(DIALS_MAX)
    })

    it('does not forget a peer of which others told long ago before it ends', () => {
      const members = new TestMembers()
      members.isAdmitted(LESSER)
      members.isTold(LESSER, GREATER)
      members.passes(SIGHTING_MS + 1, false)
      members.does({ type: 'refused', peer: GREATER, reason: 'so' })
      members.isTold(LESSER, GREATER)
      members.passes(REDIAL_MAX_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
      members.fails(GREATER)
      members.passes(REDIAL_MAX_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
    })

    it('may have found another peer, which counts for nothing: the one that was meant is tried again', () => {
      const members = new TestMembers()
      members.sights(GREATER)
      members.dialing.clear()
      members.takeDials()
      members.does({ type: 'dialed', target: GREATER, peer: LESSER, problem: undefined })
      members.passes(REDIAL_MIN_MS, false)
      expect(members.takeDials()).to.deep.equal([GREATER])
      expect(members.machine.members).to.have.lengthOf(1)
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
})
