import { expect } from 'chai'
import { REDIAL_MAX_MS, REDIAL_MIN_MS, SIGHTING_MS } from '../../../../src/core/members/dialing.ts'
import { FAILURES_AT_ADDRESS_MAX } from '../../../../src/core/members/members.ts'
import { addressOf, GREATER, LESSER, SELF, TestMembers } from '../../../support/members-machine.ts'

const HOUR_MS = 3_600_000
const ADDRESS = '/ip4/10.9.9.9/tcp/4001'

describe('an address that a user named', () => {
  const PEER_ADDRESS = addressOf(GREATER)

  it('is dialed at once, with or without the peer it belongs to', () => {
    const members = new TestMembers()
    members.does({ type: 'join', address: ADDRESS, peer: undefined })
    members.does({ type: 'join', address: PEER_ADDRESS, peer: LESSER })
    expect(members.takeDialsAt().map(({ target, addresses }) => [target, addresses])).to.deep.equal(
      [
        [ADDRESS, [ADDRESS]],
        [LESSER, [PEER_ADDRESS]]
      ]
    )
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
    members.passes(HOUR_MS)
    expect(Math.max(...members.takeWaits())).to.be.at.most(REDIAL_MAX_MS)
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
    // The end of its connection was the first failure.
    const before = new Array<string>(FAILURES_AT_ADDRESS_MAX - 1).fill(GREATER)
    expect(dials.slice(0, before.length + 1)).to.deep.equal([...before, ADDRESS])
    members.passes(REDIAL_MAX_MS, false)
    expect([...members.dialing.keys()]).to.include(ADDRESS)
    members.connects(ADDRESS, LESSER)
    expect(members.member(LESSER)?.status).to.equal('alive')
  })

  it('is kept beside another one of the same peer, the last one first', () => {
    const members = new TestMembers()
    members.does({ type: 'join', address: '/first', peer: GREATER })
    members.does({ type: 'join', address: '/second', peer: GREATER })
    members.does({ type: 'join', address: '/first', peer: GREATER })
    expect(members.member(GREATER)?.addresses).to.deep.equal(['/first', '/second'])
  })

  it('is more than what others tell: who was found there is not forgotten as they are', () => {
    const members = new TestMembers()
    members.isAdmitted(LESSER)
    members.isTold(LESSER, GREATER)
    members.fails(GREATER)
    members.does({ type: 'join', address: ADDRESS, peer: undefined })
    members.dialing.delete(ADDRESS)
    members.does({ type: 'dialed', target: ADDRESS, peer: GREATER, problem: undefined })
    members.passes(SIGHTING_MS + 1, false)
    members.failAll()
    expect(members.member(GREATER)?.status).to.equal('known')
  })

  it('without its peer is kept beside them too, once the peer was found', () => {
    const members = new TestMembers()
    members.does({ type: 'join', address: ADDRESS, peer: undefined })
    members.dialing.clear()
    members.does({ type: 'dialed', target: ADDRESS, peer: GREATER, problem: undefined })
    members.sights(GREATER, ['/seen'])
    expect(members.member(GREATER)?.addresses).to.deep.equal([ADDRESS, '/seen'])
  })

  it('is asked again alone, when the peer found there left and stays away', () => {
    const members = new TestMembers()
    members.does({ type: 'join', address: ADDRESS, peer: undefined })
    members.connects(ADDRESS, GREATER)
    members.does({ type: 'goodbye', peer: GREATER })
    members.does({ type: 'disconnected', peer: GREATER })
    members.passes((FAILURES_AT_ADDRESS_MAX + 1) * REDIAL_MAX_MS)
    expect(members.takeDials()).to.include(GREATER)
    members.passes(HOUR_MS)
    expect(new Set(members.takeDials())).to.deep.equal(new Set([ADDRESS]))
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
