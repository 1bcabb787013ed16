/** Members that go and come back: what each side sees, and what goes on by itself. */
import { randomBytes, randomInt } from 'node:crypto'
import { expect } from 'chai'
import { Admitting } from '../support/admitting.ts'
import { Cable } from '../support/cable.ts'
import type { TestMember } from '../support/members.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/until.ts'

function portOf(address: string): number {
  return Number(/\/tcp\/(\d+)/.exec(address)![1])
}

/** A loopback address that nobody else uses, so that a port there stays free for who comes back. */
function aHost(): string {
  return `/ip4/127.${randomInt(1, 255)}.${randomInt(0, 255)}.${randomInt(1, 255)}`
}

describe('members that go and come back', function () {
  this.timeout(40_000)
  const net = new Admitting()
  const cables: Cable[] = []

  afterEach(async () => {
    await net.end()
    await Promise.all(cables.splice(0).map((cable) => cable.close()))
  })

  /** A listening peer that welcomes everybody; with a seed, it can come back as itself. */
  async function aListener(seed: Uint8Array, listen = `${aHost()}/tcp/0`): Promise<RawPeer> {
    const peer = await net.peer({ seed, isListening: true, listen })
    await peer.welcome()
    return peer
  }

  async function see(one: TestMember, other: TestMember, status: 'alive' | 'failed') {
    await Promise.all([one.sees(other, status), other.sees(one, status)])
  }

  describe('one that', () => {
    it('says goodbye has left', async () => {
      const master = await net.member({ isMaster: true })
      const worker = await net.member({ slots: 1, join: [master.address] })
      await see(master, worker, 'alive')
      await worker.stop()
      await master.sees(worker, 'left')
      expect(master.told.members.map(({ status }) => status)).to.deep.equal(['alive', 'left'])
    })

    it('is gone without a word has failed, and is back when it is back at its port', async () => {
      const seed = randomBytes(32)
      const peer = await aListener(seed)
      const member = await net.member({ join: [peer.address] })
      await member.sees(peer, 'alive')
      await peer.stop()
      await member.sees(peer, 'failed')
      const again = await aListener(seed, peer.address.replace(/\/p2p\/.*/, ''))
      expect(again.id).to.equal(peer.id)
      await member.sees(again, 'alive')
    })

    it('comes back at another port is back when it is seen there', async () => {
      const seed = randomBytes(32)
      const peer = await aListener(seed)
      const member = await net.member()
      member.told.sighting({ peer: peer.id, addresses: [peer.address] })
      await member.sees(peer, 'alive')
      await peer.stop()
      await member.sees(peer, 'failed')
      const again = await aListener(seed)
      expect(again.address).not.to.equal(peer.address)
      member.told.sighting({ peer: again.id, addresses: [again.address] })
      await member.sees(again, 'alive')
    })

    it('is not there yet is dialed until it is, with its peer id or without', async () => {
      const seed = randomBytes(32)
      const early = await aListener(seed)
      await early.stop()
      const bare = early.address.replace(/\/p2p\/.*/, '')
      const [withId, without] = [
        await net.member({ join: [early.address] }),
        await net.member({ join: [bare] })
      ]
      await until(() => withId.network.members[0]?.problem !== undefined, 'it was dialed in vain')
      const peer = await aListener(seed, bare)
      await Promise.all([withId.sees(peer, 'alive'), without.sees(peer, 'alive')])
    })

    it('is another one by now at an address that a user named is met all the same', async () => {
      const first = await aListener(randomBytes(32))
      const bare = first.address.replace(/\/p2p\/.*/, '')
      const member = await net.member({ join: [bare] })
      await member.sees(first, 'alive')
      await first.stop()
      const second = await aListener(randomBytes(32), bare)
      await member.sees(second, 'alive')
      expect(member.statusOf(first)).to.equal('failed')
    })

    it('left, and that a user asked for, is asked for again', async () => {
      const seed = randomBytes(32)
      const worker = await net.member({ slots: 1, seed, listen: `${aHost()}/tcp/0` })
      const master = await net.member({ isMaster: true, join: [worker.address] })
      await see(master, worker, 'alive')
      await worker.stop()
      await master.sees(worker, 'left')
      const listen = worker.address.replace(/\/p2p\/.*/, '')
      const again = await net.member({ slots: 1, seed, listen })
      await see(master, again, 'alive')
    })
  })

  describe('a link that', () => {
    async function aLink() {
      const master = await net.member({ isMaster: true })
      const cable = await Cable.to(portOf(master.address))
      cables.push(cable)
      const join = [`/ip4/127.0.0.1/tcp/${cable.port}/p2p/${master.id}`]
      const worker = await net.member({ slots: 2, join })
      await see(master, worker, 'alive')
      return { master, worker, cable }
    }

    it('is cut and mended: both see it, and what runs meanwhile counts once', async () => {
      const { master, worker, cable } = await aLink()
      master.submit(2)
      const [first, second] = await worker.hasStarted(2)
      cable.cut()
      await see(master, worker, 'failed')
      worker.end(first!)
      cable.mend()
      await see(master, worker, 'alive')
      worker.end(second!)
      await master.hasSettled(2)
      expect(master.settled.map(({ attempt, state }) => [attempt, state])).to.deep.equal([
        [1, 'finished'],
        [1, 'finished']
      ])
      expect(worker.executor.started).to.have.length(2)
      expect(master.network.refusals).to.deep.equal({ stranger: 0, hello: 0, message: 0 })
    })

    it('carries nothing any more, without a word: both sides notice and begin anew', async () => {
      const { master, worker, cable } = await aLink()
      cable.swallow()
      await see(master, worker, 'failed')
      await see(master, worker, 'alive')
      master.submit(1)
      worker.end((await worker.hasStarted(1))[0]!)
      await master.hasSettled(1)
    })
  })

  it('two that dial each other at the same time have one session that works', async () => {
    for (let round = 0; round < 3; round++) {
      const master = await net.member({ isMaster: true })
      const worker = await net.member({ slots: 1 })
      master.network.join(worker.address)
      worker.network.join(master.address)
      await see(master, worker, 'alive')
      master.submit(5)
      for (let at = 0; at < 5; at++) worker.end((await worker.hasStarted(at + 1))[at]!)
      await master.hasSettled(5)
      expect(worker.executor.started).to.have.length(5)
      expect(master.told.notices.filter(({ type }) => type === 'joined')).to.have.length(1)
      expect([...master.told.problems, ...worker.told.problems]).to.deep.equal([])
    }
  })
})
