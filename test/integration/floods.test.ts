/** Members that send more than anybody asked for: it does not count, and costs others nothing. */
import { expect } from 'chai'
import { ENTRIES_MAX, HELD_TASKS_MAX } from '../../src/core/limits.ts'
import type { Report } from '../../src/core/messages.ts'
import { BLOB_PROTOCOL } from '../../src/wire/blob.ts'
import { WORK_PROTOCOL } from '../../src/net/network.ts'
import { PEERS_PROTOCOL } from '../../src/net/peers-exchange.ts'
import { Admitting } from '../support/admitting.ts'
import type { RawWorker } from '../support/admitting.ts'
import { aHold, aResult, ref } from '../support/machines.ts'
import type { TestMember } from '../support/members.ts'
import { leaseOf } from '../support/raw-sessions.ts'
import { until } from '../support/until.ts'

const FRAMES = 50
const STREAMS = 2_000

describe('a member that floods a master', function () {
  this.timeout(60_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  interface Three {
    readonly master: TestMember
    readonly good: TestMember
    readonly bad: RawWorker
  }

  /** A master with a job, a good worker that has begun it, and a bad one. */
  async function threeMembers(): Promise<Three> {
    const master = await net.member({ isMaster: true })
    const good = await net.member({ slots: 1, join: [master.address] })
    await until(() => master.told.notices.some(({ type }) => type === 'joined'), 'it works')
    master.submit(2)
    await good.hasStarted(1)
    return { master, good, bad: await net.rawWorker(master) }
  }

  /** Both tasks are run by the good worker, whose results are the ones that count. */
  async function expectGoodResults({ master, good }: Three): Promise<void> {
    for (let task = 1; task <= 2; task++) {
      const runs = await good.hasStarted(task)
      good.end(runs.at(-1)!, Buffer.from('good'))
      await master.hasSettled(task)
    }
    expect(master.settled).to.have.length(2)
    for (const { worker, result } of master.settled) {
      expect(worker).to.equal(good.id)
      expect(Buffer.from(result.stdout as Uint8Array).toString()).to.equal('good')
    }
  }

  it('with results of tasks that it was never leased: none counts', async () => {
    const three = await threeMembers()
    const session = await three.bad.session()
    session.say(aHold({ credit: 0 }))
    // Among them the attempt that the good one has now.
    const reports: Report[] = Array.from({ length: ENTRIES_MAX }, (_, at) => ({
      ...(at % 2 === 0 ? ref(1, 1 + at) : ref(1 + at)),
      result: aResult('success', 1)
    }))
    for (let frame = 0; frame < FRAMES; frame++) session.say({ type: 'report', reports })
    for (let answered = 0; answered < FRAMES * ENTRIES_MAX;) {
      answered += (await session.hears('accepted')).attempts.length
    }
    expect(three.master.settled).to.deep.equal([])
    await expectGoodResults(three)
  })

  for (const [what, protocol, streamsMax] of [
    ['requests for blobs', BLOB_PROTOCOL, 64],
    ['questions about members', PEERS_PROTOCOL, 4],
    ['sessions', WORK_PROTOCOL, 1]
  ] as const) {
    it(`with ${what} that never become whole: it has ${streamsMax} at most`, async () => {
      const three = await threeMembers()
      const { peer, connection } = three.bad
      for (let count = 0; count < STREAMS; count++) {
        const { stream } = await peer.open(connection, protocol)
        if (stream.status === 'open') stream.send(new Uint8Array(2))
      }
      const open = (): number =>
        connection.streams.filter((stream) => stream.protocol === protocol).length
      await until(() => open() <= streamsMax, 'the others are closed')
      expect(connection.status).to.equal('open')
      await expectGoodResults(three)
    })
  }
})

describe('a master that floods a worker', function () {
  this.timeout(60_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  it('with leases nobody offered to take: its session ends, and other masters are served', async () => {
    const bad = await net.rawMaster()
    const worker = await net.member({ slots: 1, join: [bad.peer.address] })
    const good = await net.member({ isMaster: true, join: [worker.address] })
    await until(() => good.told.notices.some(({ type }) => type === 'joined'), 'it works')
    const session = await bad.session(1)
    const [kept, spec] = leaseOf(1)
    session.say(kept!, spec!)
    const batches = Math.ceil((2 * HELD_TASKS_MAX) / ENTRIES_MAX) + 1
    for (let batch = 1; batch <= batches; batch++) {
      const leases = Array.from({ length: ENTRIES_MAX }, (_, at) => ({
        ...ref(batch * ENTRIES_MAX + at),
        input: new Uint8Array(0)
      }))
      session.say({ type: 'leases', batch, used: batch * ENTRIES_MAX, more: false, leases })
    }
    expect(await session.stream.ended).to.equal('reset')
    good.submit(1)
    // What the flood has left takes its turns, as any work.
    let ended = 0
    const hasItsTurn = (): boolean => {
      for (const { run } of worker.executor.started.slice(ended)) worker.end(run)
      ended = worker.executor.started.length
      return good.settled.length === 1
    }
    await until(hasItsTurn, 'the good master has its result')
    expect(ended).to.be.below(HELD_TASKS_MAX)
  })
})
