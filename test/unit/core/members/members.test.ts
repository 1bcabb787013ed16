import { expect } from 'chai'
import { MEMBERS_MAX } from '../../../../src/core/limits.ts'
import {
  REDIAL_MAX_MS,
  REDIAL_MIN_MS,
  REDIAL_UNSEEN_MAX_MS
} from '../../../../src/core/members/dialing.ts'
import { LEFT_MS } from '../../../../src/core/members/members.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { GREATER, TestMembers } from '../../../support/members-machine.ts'

const HOUR_MS = 3_600_000

describe('a member', () => {
  it('is alive once it is admitted, and said to be once', () => {
    const members = new TestMembers()
    members.isAdmitted(GREATER)
    members.isAdmitted(GREATER)
    expect(members.takeChanges()).to.deep.equal([`${GREATER} alive`])
    expect(members.member(GREATER)?.info?.name).to.equal(`name of ${GREATER}`)
  })

  it('that connected by itself is known by where it says now that it listens', () => {
    const members = new TestMembers()
    members.isAdmitted(GREATER, { listening: ['/ip4/10.0.0.1/tcp/1'] })
    expect(members.member(GREATER)?.addresses).to.deep.equal(['/ip4/10.0.0.1/tcp/1'])
    members.isAdmitted(GREATER, { listening: ['/ip4/10.0.0.1/tcp/2'] })
    expect(members.member(GREATER)?.addresses).to.deep.equal(['/ip4/10.0.0.1/tcp/2'])
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
    const waits = members.takeWaits()
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

  it('that is refused while it is connected does not wait longer, when that ends, for a dial', () => {
    const members = new TestMembers()
    members.isAdmitted(GREATER, { listening: ['/ip4/10.0.0.1/tcp/1'] })
    for (let time = 0; time < 5; time++) {
      members.does({ type: 'refused', peer: GREATER, reason: 'so' })
    }
    members.does({ type: 'disconnected', peer: GREATER })
    members.passes(REDIAL_MIN_MS, false)
    expect(members.takeDials()).to.deep.equal([GREATER])
  })
})

describe('the members of a node', () => {
  it('forgets the longest unseen when there are too many, and none that is connected or named', () => {
    const members = new TestMembers()
    members.isAdmitted('alive' as NodeId)
    members.does({ type: 'join', address: '/named', peer: 'named' as NodeId })
    for (let peer = 0; peer < MEMBERS_MAX; peer++) {
      members.sights(`p${peer}` as NodeId, [])
      members.failAll()
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
})
