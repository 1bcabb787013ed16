/** Work sessions between nodes: what lasts, what is replaced, and what bad peers can do. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { encode } from '@msgpack/msgpack'
import { FRAME_BYTES_MAX } from '../../src/core/limits.ts'
import { WORK_PROTOCOL } from '../../src/net/network.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { Admitting } from '../support/admitting.ts'
import { exampleOf } from '../support/examples.ts'
import { aHold, aResult, ref } from '../support/machines.ts'
import type { TestMember } from '../support/members.ts'
import { asMaster, asWorker, KEPT, leaseOf } from '../support/raw-sessions.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/until.ts'

function lengthOf(bytes: number): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes)
  return length
}

/** A frame of one message whose head is whatever it is. */
function messageOf(type: number, head: unknown, payload = new Uint8Array(0)): Uint8Array {
  const bytes = encode(head)
  const header = Buffer.alloc(9)
  header.writeUInt8(type)
  header.writeUInt32BE(bytes.length, 1)
  header.writeUInt32BE(payload.length, 5)
  return encodeFrame(Buffer.concat([header, bytes, payload]))
}

/** Nonsense for either end, where `type` is one that the end reads. */
function nonsenseOf(type: number): [what: string, bytes: Uint8Array][] {
  const hold = messageOf(type, ['boot', 'name', 2, 2, []])
  return [
    ['a frame longer than the longest', lengthOf(FRAME_BYTES_MAX + 1)],
    ['a frame longer than memory', lengthOf(2 ** 32 - 1)],
    ['a frame of garbage', encodeFrame(randomBytes(500).fill(0xc1, 0, 20))],
    ['a message longer than its frame', encodeFrame(hold.subarray(4, hold.length - 1))],
    ['half a header', encodeFrame(Uint8Array.of(type, 0, 0))],
    ['a head that is no list', messageOf(type, 'hello')],
    ['a head that is a map', messageOf(type, { job: 1 })],
    ['a head that nests too deep', messageOf(type, [[[[[[[[[[[]]]]]]]]]]])],
    ['fields of other types', messageOf(type, [true, 1, 'two', null, {}])],
    ['numbers below zero', messageOf(type, [-1, -1, [[-1, -1, -1, -1]]])],
    ['numbers that are none', messageOf(type, [NaN, Infinity, [[1.5, 0.5, 2.5]]])]
  ]
}

describe('work sessions', function () {
  this.timeout(30_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  /** A job goes round between these two, whatever anyone else did. */
  async function expectWorks(master: TestMember, worker: TestMember): Promise<void> {
    const before = { started: worker.executor.started.length, settled: master.settled.length }
    master.submit(3)
    for (let done = 1; done <= 3; done++) {
      const runs = await worker.hasStarted(before.started + done)
      worker.end(runs.at(-1)!)
    }
    await master.hasSettled(before.settled + 3)
  }

  describe('of a master with bad workers', () => {
    for (const [what, bytes] of nonsenseOf(1)) {
      it(`${what}: the stream is reset and counted, and others are served`, async () => {
        const master = await net.member({ isMaster: true })
        const bad = await net.rawWorker(master)
        const session = await bad.session()
        session.stream.send(bytes)
        expect(await session.stream.ended).to.equal('reset')
        expect((await master.refused('message', 1))[0]).to.match(/^a peer sent /)
        expect(bad.connection.status).to.equal('open')
        await expectWorks(master, await net.member({ slots: 1, join: [master.address] }))
      })
    }

    it('a stream that ends inside a frame: reset and counted, and what was before it is heard', async () => {
      const master = await net.member({ isMaster: true })
      const bad = await net.rawWorker(master)
      const session = await bad.session()
      session.say(aHold())
      session.stream.send(exampleOf('report').subarray(0, 10))
      await session.stream.close()
      const [reason] = await master.refused('message', 1)
      expect(reason).to.equal('a peer sent a stream that ends inside a frame')
      expect(master.told.notices[0]).to.include({ type: 'joined', worker: bad.peer.id })
    })

    it('messages of a later version, and those of masters, are passed over', async () => {
      const master = await net.member({ isMaster: true, slots: 1 })
      const worker = await net.rawWorker(master)
      const session = await worker.session()
      session.stream.send(messageOf(31, 'anything'), messageOf(200, [{}]), exampleOf('spec'))
      session.stream.send(exampleOf('leases'), exampleOf('cancel'))
      session.say(aHold())
      await session.hears('kept')
      expect(master.network.refusals.message).to.equal(0)
      expect(master.executor.started).to.deep.equal([])
    })

    it('a peer that is gone inside a frame is not to blame', async () => {
      const master = await net.member({ isMaster: true })
      const worker = await net.rawWorker(master)
      const session = await worker.session()
      session.say(aHold())
      await session.hears('kept')
      session.stream.send(exampleOf('report').subarray(0, 10))
      await worker.peer.stop()
      await master.sees(worker.peer, 'failed')
      await until(() => master.told.notices.some(({ type }) => type === 'parted'), 'it has parted')
      expect(master.network.refusals.message).to.equal(0)
    })
  })

  describe('of a worker with bad masters', () => {
    for (const [what, bytes] of nonsenseOf(34)) {
      it(`${what}: the stream is reset and counted, and others are served`, async () => {
        const bad = await net.rawMaster()
        const worker = await net.member({ slots: 1, join: [bad.peer.address] })
        const session = await bad.session(1)
        await session.hears('hold')
        session.stream.send(bytes)
        expect(await session.stream.ended).to.equal('reset')
        expect((await worker.refused('message', 1))[0]).to.match(/^a peer sent /)
        // It may have been an accident: the worker comes again.
        await (await bad.session(2)).hears('hold')
        await expectWorks(await net.member({ isMaster: true, join: [worker.address] }), worker)
      })
    }

    it('leases without their spec: the session is reset, and opened again', async () => {
      const bad = await net.rawMaster()
      const worker = await net.member({ slots: 1, join: [bad.peer.address] })
      const session = await bad.session(1)
      const [kept, , leases] = leaseOf(1)
      session.say(kept!, leases!)
      expect(await session.stream.ended).to.equal('reset')
      await (await bad.session(2)).hears('hold')
      expect(worker.executor.started).to.deep.equal([])
    })

    it('messages of a later version, and those of workers, are passed over', async () => {
      const bad = await net.rawMaster()
      const worker = await net.member({ slots: 1, join: [bad.peer.address] })
      const session = await bad.session(1)
      session.stream.send(messageOf(63, 'anything'), exampleOf('report'), exampleOf('bye'))
      session.say(...leaseOf(1))
      await worker.hasStarted(1)
      expect(worker.network.refusals.message).to.equal(0)
    })
  })

  describe('of peers that may not', () => {
    /** Everything a master would say, to a node that has not asked for it. */
    async function publish(peer: RawPeer, worker: TestMember): Promise<string> {
      const connection = await peer.join(worker.address)
      const session = asMaster(await peer.open(connection, WORK_PROTOCOL))
      if (session.stream.stream.status === 'open') session.say(...leaseOf(1))
      return await session.stream.ended
    }

    it('open a session with a worker: reset and counted, and nothing runs', async () => {
      const worker = await net.member({ slots: 1 })
      const peer = await net.peer()
      expect(await publish(peer, worker)).to.equal('reset')
      const reason = 'it opened a session with a node that is no master'
      expect(await worker.refused('message', 1)).to.deep.equal([reason])
      expect(worker.executor.started).to.deep.equal([])
      await expectWorks(await net.member({ isMaster: true, join: [worker.address] }), worker)
    })

    it('open a session with a master, and lease to it: nothing runs', async () => {
      const master = await net.member({ isMaster: true, slots: 1 })
      const peer = await net.peer()
      const connection = await peer.join(master.address)
      const session = asMaster(await peer.open(connection, WORK_PROTOCOL))
      session.say(...leaseOf(1))
      asWorker(session.stream).say(aHold())
      await asWorker(session.stream).hears('kept')
      expect(master.executor.started).to.deep.equal([])
      expect(master.told.notices.filter(({ type }) => type === 'settled')).to.deep.equal([])
    })
  })

  describe('that come and go', () => {
    it('the newest one counts, and ends the one before', async () => {
      const master = await net.member({ isMaster: true })
      const worker = await net.rawWorker(master)
      const first = await worker.session()
      first.say(aHold())
      await first.hears('kept')
      const second = await worker.session()
      expect(await first.stream.ended).to.equal('reset')
      second.say(aHold())
      await second.hears('kept')
      master.submit(1)
      const { leases } = await second.hears('leases')
      expect(leases).to.have.length(1)
      expect(master.network.refusals.message).to.equal(0)
    })

    it('a worker that is back with what it held keeps it, and each result counts once', async () => {
      const master = await net.member({ isMaster: true })
      const worker = await net.rawWorker(master)
      const first = await worker.session()
      first.say(aHold())
      master.submit(2)
      const leased = [...(await first.hears('leases')).leases]
      while (leased.length < 2) leased.push(...(await first.hears('leases')).leases)
      first.say({ type: 'started', attempts: leased })
      await first.stream.close()

      const second = await worker.session()
      const attempts = leased.map((lease) => ({ ...lease, state: 'running' as const }))
      second.say(aHold({ attempts }))
      expect((await second.hears('kept')).canceled).to.deep.equal([])
      const reports = leased.map((lease) => ({ ...lease, result: aResult() }))
      second.say({ type: 'report', reports }, { type: 'report', reports })
      expect((await second.hears('accepted')).attempts).to.have.length(2)
      expect((await second.hears('accepted')).attempts).to.have.length(2)
      expect(master.settled.map(({ task, attempt }) => [task, attempt])).to.deep.equal([
        [1, 1],
        [2, 1]
      ])
    })

    it('a worker opens a new one after the end of the last, and still has what it held', async () => {
      const master = await net.rawMaster()
      const worker = await net.member({ slots: 2, join: [master.peer.address] })
      const first = await master.session(1)
      first.say(...leaseOf(7))
      const [run] = await worker.hasStarted(1)
      first.stream.reset()
      await (await master.session(2)).stream.close()
      const third = await master.session(3)
      const { attempts } = await third.hears('hold')
      expect(attempts).to.deep.equal([{ ...ref(7), state: 'running' }])
      worker.end(run!)
      third.say(KEPT)
      const { reports } = await third.hears('report')
      expect(reports.map(({ task, attempt }) => [task, attempt])).to.deep.equal([[7, 1]])
      expect(worker.executor.started).to.have.length(1)
    })
  })
})
