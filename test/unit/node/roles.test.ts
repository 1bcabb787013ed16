/**
 * A master's and a worker's role, with the session between them in one process.
 */
import { expect } from 'chai'
import { BlobStore } from '../../../src/blobs/blob-store.ts'
import { JOBS_MAX, TASKS_MAX } from '../../../src/core/limits.ts'
import type { MasterNotice } from '../../../src/core/master/events.ts'
import type { MasterMessage, WorkerMessage } from '../../../src/core/messages.ts'
import type { NodeId } from '../../../src/core/types.ts'
import type { Executor } from '../../../src/exec/executor.ts'
import type { Link } from '../../../src/node/link.ts'
import { localLinks } from '../../../src/node/local-link.ts'
import { MasterRole } from '../../../src/node/master-role.ts'
import { WorkerRole } from '../../../src/node/worker-role.ts'
import { aHold, anyInputs, SPEC } from '../../support/machines.ts'
import { codeOf } from '../../support/code-of.ts'

const WORKER = 'worker' as NodeId
const MASTER = 'master' as NodeId
const NO_BLOBS = new BlobStore('/nowhere')
const cannotObtain = (): Promise<void> => Promise.reject(new Error('there are no blobs'))

function aMaster(notices: MasterNotice[] = []): MasterRole {
  return new MasterRole({
    config: { leaseMs: 6_000, keepMs: 60_000, isDurable: false, seed: 1 },
    epoch: 'epoch',
    blobs: NO_BLOBS,
    onNotice: (notice) => notices.push(notice),
    onProblem: (text) => expect.fail(text)
  })
}

async function aWorker(): Promise<WorkerRole> {
  const idle: Executor = {
    start: () => undefined,
    stop: () => undefined,
    recall: () => undefined,
    read: () => Promise.resolve(undefined),
    close: () => Promise.resolve()
  }
  return await WorkerRole.create({
    config: { boot: 'boot', name: 'lab', slots: 1 },
    blobs: NO_BLOBS,
    createExecutor: () => Promise.resolve(idle),
    onProblem: (text) => expect.fail(text)
  })
}

interface SilentLink<Out, In> {
  readonly link: Link<Out, In>
  /** What was done to it. */
  readonly did: string[]
  readonly say: (message: In) => void
  readonly end: (error: Error) => void
}

/** A session with one at the other end who never does anything by itself. */
function aSilentLink<Out extends { type: string }, In>(): SilentLink<Out, In> {
  const did: string[] = []
  let hear: (message: In) => void = () => undefined
  let hearEnd: (error: Error) => void = () => undefined
  const link: Link<Out, In> = {
    send: ({ type }) => did.push(type),
    flushed: () => Promise.resolve(),
    close: () => did.push('(close)'),
    abort: () => did.push('(abort)'),
    listen: (onMessage, onClosed) => {
      hear = onMessage
      hearEnd = onClosed
    }
  }
  return { link, did, say: (message) => hear(message), end: (error) => hearEnd(error) }
}

describe('roles', () => {
  it('a master closes the session of a worker that has left, whatever that does', () => {
    const master = aMaster()
    const { link, did, say } = aSilentLink<MasterMessage, WorkerMessage>()
    master.accept(WORKER, link, cannotObtain)
    say(aHold())
    say({ type: 'bye' })
    expect(did).to.deep.equal(['kept', '(close)'])
    master.stop()
  })

  it('a worker closes the session with a master that drains, also if that does not', async () => {
    const worker = await aWorker()
    const { link, did, say } = aSilentLink<WorkerMessage, MasterMessage>()
    void worker.serve(MASTER, 'epoch', link, cannotObtain)
    say({ type: 'kept', canceled: [], leaseMs: 6_000, keepMs: 60_000 })
    say({ type: 'drain' })
    expect(did).to.deep.equal(['hold', 'bye', '(close)'])
    await worker.stop()
  })

  it('a worker closes the session with a master that drains, and does not come again', async () => {
    const [master, worker] = [aMaster(), await aWorker()]
    const [masterLink, workerLink] = localLinks<MasterMessage, WorkerMessage>()
    master.accept(WORKER, masterLink, cannotObtain)
    const served = worker.serve(MASTER, 'epoch', workerLink, cannotObtain)
    master.drain()
    expect(await served).to.equal(true)
    expect(worker.state.masters.size).to.equal(0)
    expect(master.state.workers.size).to.equal(0)
    master.stop()
    await worker.stop()
  })

  it('a worker that has said goodbye does not complain of how the session ends', async () => {
    const worker = await aWorker()
    const { link, say, end } = aSilentLink<WorkerMessage, MasterMessage>()
    const served = worker.serve(MASTER, 'epoch', link, cannotObtain)
    say({ type: 'kept', canceled: [], leaseMs: 6_000, keepMs: 60_000 })
    await worker.leave()
    await worker.stop()
    end(new Error('the connection was cut'))
    expect(await served).to.equal(true)
  })

  it('a worker comes again to a master that has only lost the connection', async () => {
    const [master, worker] = [aMaster(), await aWorker()]
    const [masterLink, workerLink] = localLinks<MasterMessage, WorkerMessage>()
    master.accept(WORKER, masterLink, cannotObtain)
    const served = worker.serve(MASTER, 'epoch', workerLink, cannotObtain)
    masterLink.abort('the cable was pulled out')
    expect(await served).to.equal(false)
    master.stop()
    await worker.stop()
  })

  it('a master refuses a job too many, and says so to its user', () => {
    const notices: MasterNotice[] = []
    const master = aMaster(notices)
    const options = { priority: 0, retries: 0 }
    for (let job = 0; job < JOBS_MAX; job++) master.submit(SPEC, options)
    expect(codeOf(() => master.submit(SPEC, options))).to.equal('LIMIT')
    expect(master.state.jobs.size).to.equal(JOBS_MAX)
    expect(notices).to.deep.equal([])
    master.stop()
  })

  it('a master refuses a job that workers would not take, since they would take nothing else', () => {
    const master = aMaster()
    const options = { priority: 0, retries: 0 }
    for (const timeoutMs of [0, -1, 1.5, NaN, Infinity]) {
      expect(codeOf(() => master.submit({ ...SPEC, timeoutMs }, options))).to.equal('USAGE')
    }
    expect(master.state.jobs.size).to.equal(0)
    master.submit({ ...SPEC, timeoutMs: 1 }, options)
    master.stop()
  })

  it('a master refuses tasks beyond the bound of a job, all of them, and says so', () => {
    const master = aMaster()
    const job = master.submit(SPEC, { priority: 0, retries: 0 })
    master.state.jobs.get(job)!.lastTask = TASKS_MAX - 1
    expect(codeOf(() => master.add(job, anyInputs(2)))).to.equal('LIMIT')
    expect(master.state.waitingTasks).to.equal(0)
    master.add(job, anyInputs(1))
    expect(master.state.waitingTasks).to.equal(1)
    master.stop()
  })
})
