/** Large output on its way from a worker to the master that leased its task. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Report } from '../../src/core/messages.ts'
import { isBlobRef } from '../../src/core/types.ts'
import type { BlobRef } from '../../src/core/types.ts'
import { BLOB_PROTOCOL } from '../../src/wire/blob.ts'
import { encodeBlobAnswer } from '../../src/wire/blob.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { Admitting } from '../support/admitting.ts'
import { blobOf } from '../support/blobs.ts'
import { askForBlob } from '../support/raw-blobs.ts'
import { SPEC, aHold, aResult, ref } from '../support/machines.ts'
import type { RawStream } from '../support/raw-peer.ts'
import { leaseOf } from '../support/raw-sessions.ts'
import { until } from '../support/until.ts'

async function bytesIn(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function refOf(bytes: Uint8Array): BlobRef {
  return { blob: blobOf(bytes), bytes: bytes.length }
}

describe('large output', function () {
  this.timeout(30_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  it('arrives as it is, and leaves nothing behind once it is released', async () => {
    const master = await net.member({ isMaster: true })
    const worker = await net.member({ slots: 2, join: [master.address] })
    const outputs = [randomBytes(5 * 1024 * 1024), randomBytes(300_000)]
    master.submit(2)
    const runs = await worker.hasStarted(2)
    runs.forEach((run, at) => worker.end(run, { spooled: outputs[at]! }))
    await master.hasSettled(2)
    for (const { task, result } of master.settled) {
      const bytes = await bytesIn(master.master.read(result.stdout))
      expect(bytes.equals(outputs[task - 1]!)).to.equal(true)
      await master.master.release(result)
    }
    expect(master.blobs.size).to.equal(0)
    await until(() => worker.blobs.size === 0, 'the worker keeps nothing')
    expect(worker.network.refusals).to.deep.equal({ stranger: 0, hello: 0, message: 0 })
  })

  it('goes the other way, too: large inputs of more tasks than there can be streams', async () => {
    const master = await net.member({ isMaster: true })
    const worker = await net.member({ slots: 200, join: [master.address] })
    const inputs = Array.from({ length: 200 }, () => randomBytes(500_000))
    const refs = await Promise.all(inputs.map((bytes) => master.master.publish(bytes)))
    const job = master.master.submit(SPEC, { priority: 0, retries: 0 })
    master.master.add(job, refs)
    master.master.close(job)
    await worker.hasStarted(200)
    for (const { task, attempt, input } of worker.executor.started) {
      expect(attempt).to.equal(1)
      expect(inputs[task - 1]!.equals(input)).to.equal(true)
    }
    expect(worker.blobs.size).to.equal(0)
    expect(worker.network.refusals.message).to.equal(0)
  })

  it('can be the same of many tasks at the same time', async () => {
    const master = await net.member({ isMaster: true })
    const worker = await net.member({ slots: 8, join: [master.address] })
    const output = randomBytes(300_000)
    master.submit(8)
    for (const run of await worker.hasStarted(8)) worker.end(run, { spooled: output })
    await master.hasSettled(8)
    for (const { result } of master.settled) {
      const bytes = await bytesIn(master.master.read(result.stdout))
      expect(bytes.equals(output)).to.equal(true)
      await master.master.release(result)
    }
    expect(master.blobs.size).to.equal(0)
    await until(() => worker.blobs.size === 0, 'the worker keeps nothing')
  })

  it('is read by the master whose task it is of, from any offset, until it has accepted', async () => {
    const master = await net.rawMaster()
    const worker = await net.member({ slots: 1, join: [master.peer.address] })
    const session = await master.session(1)
    session.say(...leaseOf(1))
    const bytes = randomBytes(300_000)
    worker.end((await worker.hasStarted(1))[0]!, { spooled: bytes })
    const { reports } = await session.hears('report')
    expect(reports[0]?.result.stdout).to.deep.equal(refOf(bytes))

    const other = await net.peer()
    const theirs = await other.join(worker.address)
    const [ours] = master.peer.libp2p.getConnections()
    expect(await askForBlob(other, theirs, refOf(bytes))).to.match(/is not for this node$/)
    expect(await askForBlob(master.peer, ours!, refOf(bytes))).to.deep.equal(bytes)
    expect(await askForBlob(master.peer, ours!, refOf(bytes), 299_990)).to.deep.equal(
      bytes.subarray(299_990)
    )

    session.say({ type: 'accepted', attempts: [ref(1)] })
    await until(() => worker.blobs.size === 0, 'it is let go')
    expect(await askForBlob(master.peer, ours!, refOf(bytes))).to.match(/is not for this node$/)
    expect(worker.network.refusals.message).to.equal(0)
  })

  describe('of a worker', () => {
    const bytes = randomBytes(300_000)

    function aReport(task: number, stdout: BlobRef | Uint8Array): Report {
      return { ...ref(task), result: { ...aResult(), stdout } }
    }

    /** A worker with a session that holds the tasks of a job of so many, and serves by hand. */
    async function aWorkerOf(tasks: number) {
      const master = await net.member({ isMaster: true })
      const worker = await net.rawWorker(master)
      const asked: RawStream[] = []
      await worker.peer.serve(BLOB_PROTOCOL, (stream) => asked.push(stream))
      const session = await worker.session()
      session.say(aHold({ slots: tasks, credit: tasks }))
      master.submit(tasks)
      for (let leased = 0; leased < tasks;) {
        leased += (await session.hears('leases')).leases.length
      }
      const hasAsked = async (times: number): Promise<RawStream> => {
        await until(() => asked.length >= times, `it has asked ${times} times`)
        await asked[times - 1]!.frame()
        return asked[times - 1]!
      }
      return { master, worker, session, asked, hasAsked }
    }

    function sendAll(stream: RawStream, all: Uint8Array): void {
      const body = (at: number): Uint8Array => encodeFrame(all.subarray(at, at + 60_000))
      stream.send(encodeFrame(encodeBlobAnswer(undefined)))
      for (let at = 0; at < all.length; at += 60_000) stream.send(body(at))
      void stream.close()
    }

    it('that sends other bytes first: counted, and asked again with the next report', async () => {
      const { master, session, hasAsked } = await aWorkerOf(1)
      session.say({ type: 'report', reports: [aReport(1, refOf(bytes))] })
      sendAll(await hasAsked(1), randomBytes(300_000))
      const [reason] = await master.refused('message', 1)
      expect(reason).to.match(/^the bytes sent as blob \w+ are others$/)
      expect(master.settled).to.deep.equal([])

      session.say({ type: 'report', reports: [aReport(1, refOf(bytes))] })
      sendAll(await hasAsked(2), bytes)
      await session.hears('accepted')
      const [{ result }] = master.settled as [(typeof master.settled)[number]]
      expect((await bytesIn(master.master.read(result.stdout))).equals(bytes)).to.equal(true)
    })

    it('that repeats itself meanwhile: it is asked once', async () => {
      const { master, session, asked, hasAsked } = await aWorkerOf(1)
      const reports = [aReport(1, refOf(bytes))]
      for (let times = 0; times < 5; times++) session.say({ type: 'report', reports })
      const stream = await hasAsked(1)
      session.say({ type: 'report', reports })
      sendAll(stream, bytes)
      await session.hears('accepted')
      expect(asked).to.have.length(1)
      expect(master.settled).to.have.length(1)
    })

    it('that is slow: the reports beside it are taken all the same', async () => {
      const { master, session, hasAsked } = await aWorkerOf(2)
      const small = aReport(2, Buffer.from('small'))
      session.say({ type: 'report', reports: [aReport(1, refOf(bytes)), small] })
      expect((await session.hears('accepted')).attempts).to.deep.equal([ref(2)])
      expect(master.settled.map(({ task }) => task)).to.deep.equal([2])
      sendAll(await hasAsked(1), bytes)
      expect((await session.hears('accepted')).attempts).to.deep.equal([ref(1)])
    })

    it('that nobody waits for: it is accepted and not asked for', async () => {
      const { master, session, asked } = await aWorkerOf(1)
      session.say({ type: 'report', reports: [aReport(99, refOf(bytes))] })
      await session.hears('accepted')
      expect(asked).to.deep.equal([])
      expect(master.blobs.size).to.equal(0)
    })

    it('that opens a new session meanwhile: it counts in the new one', async () => {
      const { master, worker, session, hasAsked } = await aWorkerOf(1)
      session.say({ type: 'report', reports: [aReport(1, refOf(bytes))] })
      const stream = await hasAsked(1)
      const second = await worker.session()
      second.say(aHold({ attempts: [{ ...ref(1), state: 'ended' }] }))
      await second.hears('kept')
      sendAll(stream, bytes)
      await second.hears('accepted')
      expect(master.settled.map(({ result }) => isBlobRef(result.stdout))).to.deep.equal([true])
    })

    it('that has lost it: after three times the task is given to others', async () => {
      const { master, session, hasAsked } = await aWorkerOf(1)
      for (let times = 1; times <= 3; times++) {
        session.say({ type: 'report', reports: [aReport(1, refOf(bytes))] })
        const stream = await hasAsked(times)
        stream.send(encodeFrame(encodeBlobAnswer('it is not here any more')))
        await stream.close()
        await stream.ended
        await until(() => master.told.problems.length >= times, 'it is told')
      }
      await session.hears('accepted')
      const setback = master.told.notices.find(({ type }) => type === 'setback')
      expect(setback).to.include({
        reason: 'its output could not be fetched: it is not here any more'
      })
      expect(master.settled).to.deep.equal([])
    })
  })
})
