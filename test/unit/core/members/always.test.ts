import { expect } from 'chai'
import fc from 'fast-check'
import { REDIAL_UNSEEN_MAX_MS } from '../../../../src/core/members/dialing.ts'
import { LEFT_MS } from '../../../../src/core/members/members.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { GREATER, LESSER, SELF, TestMembers } from '../../../support/members-machine.ts'

describe('whatever happens to members', () => {
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
      .map<Step>(
        (who) => (members) => members.isAdmitted(who, { listening: ['/ip4/10.0.0.1/tcp/1'] })
      ),
    fc.tuple(peer, peer).map<Step>(
      ([who, other]) =>
        (members) =>
          members.isTold(who, other)
    ),
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
