/** What a person is told of members that do not answer, and what is no trouble. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import type { MemberStatus } from '../../../src/core/members/events.ts'
import type { NodeId } from '../../../src/core/types.ts'
import { Membership } from '../../../src/node/membership.ts'
import { createCredentials } from '../../../src/trust/credentials.ts'
import type { Hello } from '../../../src/wire/hello.ts'
import { until } from '../../support/until.ts'

const SELF = 'self' as NodeId
const PEER = 'peer' as NodeId
const ADDRESS = '/ip4/127.0.0.1/tcp/4001'
const CUT = new Error('the stream ended before the list of members')

const HELLO: Hello = {
  oldest: 1,
  newest: 1,
  program: 'p2pjobs',
  boot: 'boot',
  name: 'peer',
  isWorker: true,
  epoch: undefined,
  clock: 0,
  certificate: undefined,
  addresses: [],
  manager: undefined
}

describe('membership', () => {
  let problems: string[]
  let asked: PromiseWithResolvers<never>[]
  let dialed: PromiseWithResolvers<NodeId>[]
  let connectedPeers: NodeId[]
  let membership: Membership

  beforeEach(() => {
    ;[problems, asked, dialed, connectedPeers] = [[], [], [], []]
    membership = new Membership({
      credentials: createCredentials(),
      boot: 'boot',
      name: 'self',
      program: 'p2pjobs',
      isWorker: true,
      epoch: undefined,
      onChanged: () => undefined,
      onUnreachable: (address, problem) => problems.push(`${address}: ${problem}`),
      onReached: () => undefined,
      onDisconnected: () => undefined,
      onProblem: (text) => problems.push(text)
    })
    const network = {
      id: SELF,
      addressesToTell: [],
      get connectedPeers() {
        return connectedPeers
      },
      askPeers: async () => {
        asked.push(Promise.withResolvers())
        return await asked[asked.length - 1]!.promise
      },
      dial: async () => {
        dialed.push(Promise.withResolvers())
        return await dialed[dialed.length - 1]!.promise
      }
    }
    membership.start(network, 1)
  })

  afterEach(() => membership.stop())

  /** A member that was dialed by its address, and is asked for others. */
  async function askingPeer(): Promise<PromiseWithResolvers<never>> {
    membership.join(ADDRESS)
    await until(() => dialed.length === 1, 'it is dialed')
    connectedPeers = [PEER]
    dialed[0]!.resolve(PEER)
    membership.onAdmitted(PEER, HELLO, { address: ADDRESS, isDialed: true, isHere: true })
    await until(() => asked.length === 1, 'it is asked')
    return asked[0]!
  }

  function statusOfPeer(): MemberStatus | undefined {
    return membership.members.find(({ peer }) => peer === PEER)?.status
  }

  it('says who does not answer although it is there', async () => {
    const question = await askingPeer()
    question.reject(CUT)
    await until(() => problems.length > 0, 'it is told')
    expect(problems).to.deep.equal([`peer does not say whom it knows: ${CUT.message}`])
  })

  const troubles: [string, () => void][] = [
    ['has said goodbye, its connection not closed yet', () => membership.onGoodbye(PEER)],
    ['has no connection any more', () => (connectedPeers = [])],
    ['was asked by a node that has stopped', () => membership.stop()]
  ]
  for (const [what, happens] of troubles) {
    it(`finds no fault with one that ${what}`, async () => {
      const question = await askingPeer()
      happens()
      question.reject(CUT)
      await nextTurn()
      expect(problems).to.deep.equal([])
      expect(statusOfPeer()).to.be.oneOf(['alive', 'left'])
    })
  }

  it('says what cannot be reached, but not at its own end', async () => {
    membership.join(ADDRESS)
    await until(() => dialed.length === 1, 'it is dialed')
    membership.stop()
    dialed[0]!.reject(new Error('aborted'))
    await nextTurn()
    expect(problems).to.deep.equal([])
  })
})
