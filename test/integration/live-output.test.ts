/** What running tasks print, followed at the master that leased them, over real connections. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { READ_BYTES_MAX, READS_MAX } from '../../src/core/limits.ts'
import type { JobId } from '../../src/core/types.ts'
import { createShellExecutor } from '../../src/exec/executor.ts'
import type { LiveEnd, LivePiece } from '../../src/node/live-output.ts'
import { Admitting } from '../support/admitting.ts'
import { Cable } from '../support/cable.ts'
import { aHold, ref } from '../support/machines.ts'
import type { TestMember } from '../support/members.ts'
import { KEPT, leaseOf } from '../support/raw-sessions.ts'
import { until } from '../support/until.ts'

const FOREVER = new AbortController().signal

/** Takes what a task prints, piece by piece. */
class Follower {
  readonly pieces: LivePiece[] = []
  readonly hash = createHash('sha256')
  bytes = 0
  end: LiveEnd | undefined
  readonly #source: AsyncGenerator<LivePiece, LiveEnd, undefined>

  constructor(master: TestMember, job: JobId, offset = 0, signal = FOREVER) {
    const start = { job, task: 1, stream: 'stdout', offset } as const
    this.#source = master.master.readLive(start, signal)
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<LivePiece | undefined> {
    const { done, value } = await this.#source.next()
    if (done === true) {
      this.end = value
      return undefined
    }
    this.bytes += value.bytes.length
    this.hash.update(value.bytes)
    return value
  }

  /** The next text. */
  async hears(): Promise<string> {
    return Buffer.from((await this.next())?.bytes ?? []).toString()
  }

  async toTheEnd(): Promise<LiveEnd> {
    while ((await this.next()) !== undefined);
    return this.end!
  }
}

describe('live output', function () {
  this.timeout(60_000)
  const net = new Admitting()
  const cables: Cable[] = []

  afterEach(async () => {
    await net.end()
    await Promise.all(cables.splice(0).map((cable) => cable.close()))
  })

  /** A master, and a worker that runs the one task of a job. */
  async function aTask() {
    const master = await net.member({ isMaster: true })
    const cable = await Cable.to(Number(/\/tcp\/(\d+)/.exec(master.address)![1]))
    cables.push(cable)
    const address = `/ip4/127.0.0.1/tcp/${cable.port}/p2p/${master.id}`
    const worker = await net.member({ slots: 2, join: [address] })
    const job = master.submit(1)
    const [run] = await worker.hasStarted(1)
    await until(() => master.told.notices.some(({ type }) => type === 'started'), 'it runs')
    return { master, worker, cable, job, run: run! }
  }

  it('is told as it is printed, until the task ends', async () => {
    const { master, worker, job, run } = await aTask()
    const follower = new Follower(master, job)
    const first = follower.hears()
    worker.executor.print(run, 'hello ')
    expect(await first).to.equal('hello ')
    worker.executor.print(run, 'world')
    worker.executor.print(run, 'an error', 'stderr')
    expect(await follower.hears()).to.equal('world')
    const end = follower.toTheEnd()
    worker.end(run, Buffer.from('hello world'))
    const { why, attempt, offset } = await end
    expect(why).to.be.oneOf(['ended', 'gone'])
    expect({ attempt, offset }).to.deep.equal({ attempt: 1, offset: 11 })
    await master.hasSettled(1)
    expect(await new Follower(master, job).toTheEnd()).to.include({ why: 'not running' })
  })

  it('goes on at its place after a cut, without a gap and without a byte twice', async () => {
    const { master, worker, cable, job, run } = await aTask()
    const follower = new Follower(master, job)
    let printed = 0
    const print = (): void => worker.executor.print(run, `line ${printed++}\n`)
    print()
    let heard = await follower.hears()
    const next = follower.hears()
    await until(() => worker.executor.asked.length === 2, 'it waits for more')
    cable.cut()
    const { members } = worker.told
    await until(() => members.some(({ status }) => status === 'failed'), 'the link is cut')
    print()
    print()
    cable.mend()
    heard += await next
    print()
    heard += await follower.hears()
    const lines = Array.from({ length: printed }, (_, line) => `line ${line}\n`)
    expect(heard).to.equal(lines.join(''))
  })

  it('of another attempt begins anew', async () => {
    const { master, worker, job, run } = await aTask()
    const follower = new Follower(master, job)
    worker.executor.print(run, 'first')
    expect(await follower.next()).to.include({ attempt: 1, offset: 0 })
    worker.executor.end(run, { outcome: 'returned', reason: 'so' })
    expect((await follower.toTheEnd()).attempt).to.equal(1)
    const [, second] = await worker.hasStarted(2)
    await until(() => master.told.notices.filter(({ type }) => type === 'started').length > 1, 'it')
    worker.executor.print(second!, 'second')
    const start = { job, task: 1, attempt: 1, stream: 'stdout', offset: 5 } as const
    const { value } = await master.master.readLive(start, FOREVER).next()
    expect(value).to.include({ attempt: 2, offset: 0 })
  })

  it('of 100 MB: a slow follower keeps nobody waiting, not the task and not a fast one', async () => {
    const bytes = 100 * 1024 * 1024
    const master = await net.member({ isMaster: true })
    const worker = await net.member({
      slots: 1,
      join: [master.address],
      createExecutor: async (events, folder) =>
        await createShellExecutor({ slots: 1, folder }, events)
    })
    const gates = mkdtempSync(join(tmpdir(), 'p2pjobs-gates-'))
    const waits = (gate: string): string => `until [ -e '${gates}/${gate}' ]; do sleep 0.02; done`
    const opens = (gate: string): void => writeFileSync(join(gates, gate), '')
    const large = `head -c ${bytes} /dev/zero | tr '\\0' y`
    const command = `: {}; printf x; ${waits('one')}; ${large}; ${waits('two')}; printf z`
    const job = master.submit(1, {}, { command, outputBytesMax: 2 * bytes })
    await until(() => master.told.notices.some(({ type }) => type === 'started'), 'it runs')
    const [slow, fast] = [new Follower(master, job), new Follower(master, job)]
    expect([await slow.hears(), await fast.hears()]).to.deep.equal(['x', 'x'])

    // The slow one takes no more. The task prints all of it nevertheless, and the fast one gets it.
    opens('one')
    while (fast.bytes < 1 + bytes) await fast.next()
    expect(master.settled).to.deep.equal([])
    const end = fast.toTheEnd()
    opens('two')
    await master.hasSettled(1)
    const { offset } = await end

    // What it has not taken is in the result, as all that the fast one has not seen is.
    expect(await slow.next()).to.equal(undefined)
    expect(slow.end).to.deep.equal({ why: 'gone', attempt: 1, offset: 1 })
    const [{ result }] = master.settled as [(typeof master.settled)[number]]
    const whole = createHash('sha256')
    let at = 0
    for await (const chunk of master.master.read(result.stdout)) {
      whole.update(chunk)
      fast.hash.update(chunk.subarray(Math.max(0, offset - at)))
      at += chunk.length
    }
    expect(at).to.equal(bytes + 2)
    expect(fast.hash.digest('hex')).to.equal(whole.digest('hex'))
    await master.master.release(result)
    await worker.stop()
    rmSync(gates, { recursive: true })
  })

  it('that floods a worker with reads gets few answers at a time, and all in the end', async () => {
    const master = await net.rawMaster()
    const worker = await net.member({ slots: 1, join: [master.peer.address] })
    const session = await master.session(1)
    session.say(...leaseOf(1))
    const [run] = await worker.hasStarted(1)
    worker.executor.print(run!, Buffer.alloc(READ_BYTES_MAX + 5_000))
    const read = { type: 'read', ...ref(1), stream: 'stdout', bytesMax: READ_BYTES_MAX } as const
    for (let offset = 0; offset < 5_000; offset++) session.say({ ...read, offset })
    for (let answers = 0; answers < READS_MAX; answers++) {
      const { bytes, offset } = await session.hears('output')
      expect(bytes.length).to.equal(READ_BYTES_MAX)
      expect(offset).to.be.below(5_000)
    }
    expect(worker.worker.state.masters.size).to.equal(1)
  })

  it('of a master is not for another one', async () => {
    const [owner, other] = [await net.rawMaster(), await net.rawMaster()]
    const addresses = [owner.peer.address, other.peer.address]
    const worker = await net.member({ slots: 1, join: addresses })
    const session = await owner.session(1)
    session.say(...leaseOf(1))
    const [run] = await worker.hasStarted(1)
    worker.executor.print(run!, 'secret')
    const theirs = await other.session(1)
    const read = { type: 'read', ...ref(1), stream: 'stdout', offset: 0, bytesMax: 10 } as const
    theirs.say(KEPT, read)
    expect(await theirs.hears('output')).to.include({ state: 'unknown' })
    expect(worker.executor.asked).to.deep.equal([])
    session.say(read)
    const { bytes } = await session.hears('output')
    expect(Buffer.from(bytes).toString()).to.equal('secret')
  })

  it('that a worker sends unasked is nothing to anybody', async () => {
    const master = await net.member({ isMaster: true })
    const worker = await net.rawWorker(master)
    const session = await worker.session()
    session.say(aHold({ slots: 1, credit: 1 }))
    const job = master.submit(1)
    await session.hears('leases')
    session.say({ type: 'started', attempts: [ref(1)] })
    await until(() => master.told.notices.some(({ type }) => type === 'started'), 'it runs')
    const place = { ...ref(1), stream: 'stdout', state: 'running' } as const
    const bytes = Buffer.from('unasked')
    session.say({ type: 'output', ...place, offset: 0, bytes })
    session.say({ type: 'output', ...place, offset: 7, bytes })
    session.say({ type: 'renewal', seen: 1, credit: 1, withdrawn: 0 })
    await session.hears('renewed')
    const heard = new Follower(master, job, 7).hears()
    await session.hears('read')
    session.say({ type: 'output', ...place, offset: 0, bytes })
    session.say({ type: 'output', ...place, offset: 7, bytes: Buffer.from('asked') })
    expect(await heard).to.equal('asked')
    expect(master.network.refusals).to.deep.equal({ stranger: 0, hello: 0, message: 0 })
  })
})
