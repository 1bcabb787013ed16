import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { BlobStore } from '../../../src/blobs/blob-store.ts'
import { JOBS_MAX } from '../../../src/core/limits.ts'
import type { MasterNotice } from '../../../src/core/master/events.ts'
import type { MasterMessage, WorkerMessage } from '../../../src/core/messages.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { DurableJobs } from '../../../src/node/durable-jobs.ts'
import { localLinks } from '../../../src/node/local-link.ts'
import { MasterRole } from '../../../src/node/master-role.ts'
import { aHold, anyInputs, aResult, SPEC } from '../../support/machines.ts'
import { MemoryJournal } from '../../support/memory-journal.ts'
import { until } from '../../support/until.ts'
import { codeOfRejection } from '../../support/code-of.ts'

const WORKER = 'worker' as NodeId
const OPTIONS = { priority: 0, retries: 0 }
const noBlobs = (): Promise<void> => Promise.reject(new Error('there are no blobs'))

interface TestMaster {
  readonly master: MasterRole
  readonly jobs: DurableJobs
  readonly notices: MasterNotice[]
  readonly problems: string[]
}

/** A master on this journal, as after a start of its process. */
async function started(memory: MemoryJournal): Promise<TestMaster> {
  const journal = memory as unknown as Journal
  const [notices, problems]: [MasterNotice[], string[]] = [[], []]
  const onProblem = (text: string): void => void problems.push(text)
  const master = await MasterRole.restore({
    config: { leaseMs: 6_000, keepMs: 60_000, isDurable: true, seed: 1 },
    epoch: journal.epoch,
    journal,
    blobs: new BlobStore('/nowhere'),
    onNotice: (notice) => jobs.onNotice(notice),
    onProblem
  })
  const jobs = new DurableJobs({ journal, master, release: () => Promise.resolve(), onProblem })
  jobs.watch((notice) => notices.push(notice))
  return { master, jobs, notices, problems }
}

/** A worker with a session, which answers nothing by itself. */
interface Hand {
  readonly heard: MasterMessage[]
  readonly say: (message: WorkerMessage) => void
  isClosed: boolean
}

function joins(master: MasterRole, hold: Partial<Parameters<typeof aHold>[0]> = {}): Hand {
  const [near, far] = localLinks<MasterMessage, WorkerMessage>()
  const heard: MasterMessage[] = []
  const hand: Hand = { heard, say: (message) => far.send(message), isClosed: false }
  far.listen(
    (message) => heard.push(message),
    () => (hand.isClosed = true)
  )
  master.accept(WORKER, near, noBlobs)
  far.send(aHold({ credit: 2, ...hold }))
  return hand
}

function leasedTo({ heard }: Hand): number[] {
  return heard.flatMap((message) =>
    message.type === 'leases' ? message.leases.map(({ task }) => task) : []
  )
}

describe('DurableJobs', () => {
  it('has a job on disk before it says its id', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    const job = await jobs.submitWhole(SPEC, OPTIONS, anyInputs(2))
    expect(memory.records.map(({ type }) => type)).to.deep.equal(['submitted', 'added', 'closed'])
    expect(job).to.equal(1)
    expect(jobs.state.jobs.get(job)?.counts.waiting).to.equal(2)
    master.stop()
  })

  it('changes nothing by a submit that cannot be written', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    memory.isFailing = true
    expect(await codeOfRejection(jobs.submitWhole(SPEC, OPTIONS, anyInputs(2)))).to.equal(
      'JOURNAL_FAILED'
    )
    expect(jobs.state.jobs.size).to.equal(0)
    memory.isFailing = false
    memory.isFull = true
    // Space is looked at once in a turn.
    await setImmediate()
    expect(await codeOfRejection(jobs.submitWhole(SPEC, OPTIONS, anyInputs(2)))).to.equal(
      'JOURNAL_FULL'
    )
    memory.isFull = false
    const job = await jobs.submitWhole(SPEC, OPTIONS, anyInputs(1))
    expect(jobs.state.jobs.get(job)?.counts.waiting).to.equal(1)
    master.stop()
  })

  it('sends nothing and tells nothing before it is on disk', async () => {
    const memory = new MemoryJournal()
    const { jobs, master, notices } = await started(memory)
    const hand = joins(master)
    await jobs.submitWhole(SPEC, OPTIONS, anyInputs(1))
    await until(() => leasedTo(hand).length === 1, 'the task was leased')
    const types = memory.records.map(({ type }) => type)
    expect(types).to.include('leased')
    const attempts = [{ job: 1 as JobId, task: 1, attempt: 1, result: aResult() }]
    hand.say({ type: 'report', reports: attempts })
    await until(() => hand.heard.some(({ type }) => type === 'accepted'), 'it was accepted')
    expect(memory.records.map(({ type }) => type).slice(-2)).to.deep.equal(['settled', 'ended'])
    expect(notices.some(({ type }) => type === 'ended')).to.equal(true)
    master.stop()
  })

  it('keeps workers waiting while it cannot write, and takes their results afterwards', async function () {
    this.timeout(20_000)
    const memory = new MemoryJournal()
    const { jobs, master, problems } = await started(memory)
    const hand = joins(master)
    await jobs.submitWhole(SPEC, OPTIONS, anyInputs(1))
    await until(() => leasedTo(hand).length === 1, 'the task was leased')
    memory.isFailing = true
    const report = { job: 1 as JobId, task: 1, attempt: 1, result: aResult() }
    hand.say({ type: 'report', reports: [report] })
    await until(() => hand.isClosed, 'the session was ended')
    expect(hand.heard.some(({ type }) => type === 'accepted')).to.equal(false)
    expect(joins(master).heard).to.deep.equal([])
    memory.isFailing = false
    await until(() => problems.includes('the journal can be written again'), 'it works again')
    // The result was taken, though nobody could be told: the worker hears it when it comes again.
    const again = joins(master, {
      attempts: [{ job: 1 as JobId, task: 1, attempt: 1, state: 'ended' }]
    })
    await until(() => again.heard.length > 0, 'it was answered')
    expect(again.heard[0]).to.deep.include({ type: 'kept' })
    expect(memory.records.at(-1)?.type).to.equal('ended')
    master.stop()
  })

  it('goes on after a restart where it was: same jobs, same leases, same numbers', async () => {
    const memory = new MemoryJournal()
    const first = await started(memory)
    const hand = joins(first.master)
    const job = await first.jobs.submitWhole(SPEC, OPTIONS, anyInputs(3))
    await until(() => leasedTo(hand).length === 2, 'two were leased')
    first.master.stop()
    const next = await started(memory)
    expect(next.jobs.state.jobs.get(job)?.counts).to.include({ leased: 2, waiting: 1 })
    expect(await next.jobs.submitWhole(SPEC, OPTIONS, [])).to.equal(job + 1)
    next.master.stop()
  })

  it('ends at its start what was closed and has no tasks left', async () => {
    const memory = new MemoryJournal()
    await memory.commit([
      { type: 'submitted', job: 1 as JobId, spec: SPEC, options: OPTIONS },
      { type: 'closed', job: 1 as JobId }
    ])
    const { jobs, master } = await started(memory)
    await master.flushed()
    expect(jobs.state.jobs.size).to.equal(0)
    expect(memory.records.at(-1)?.type).to.equal('ended')
    master.stop()
  })

  it('lets a job be fed further after a restart', async () => {
    const memory = new MemoryJournal()
    const first = await started(memory)
    const job = await first.jobs.submit(SPEC, OPTIONS)
    await first.jobs.add(job, anyInputs(2))
    first.master.stop()
    const next = await started(memory)
    await next.jobs.add(job, anyInputs(1))
    await next.jobs.close(job)
    expect(next.jobs.state.jobs.get(job)).to.include({ lastTask: 3, isOpen: false })
    next.jobs.stop()
    next.master.stop()
  })

  it('takes no tasks of a job that is closed, canceled or unknown', async () => {
    const { jobs, master } = await started(new MemoryJournal())
    const [closed, canceled] = [await jobs.submit(SPEC, OPTIONS), await jobs.submit(SPEC, OPTIONS)]
    await jobs.close(closed)
    await jobs.cancel(canceled, 'not wanted')
    for (const job of [closed, canceled, 99 as JobId]) {
      expect(await codeOfRejection(jobs.add(job, anyInputs(1)))).to.equal('NOT_FOUND')
    }
    master.stop()
  })

  it('writes what was added before the close or cancel of the same turn', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    const end = async (job: JobId): Promise<void> => await jobs.cancel(job, 'not wanted')
    for (const stop of [async (job: JobId) => await jobs.close(job), end]) {
      const job = await jobs.submit(SPEC, OPTIONS)
      memory.records.length = 0
      await Promise.all([jobs.add(job, anyInputs(1)), jobs.add(job, anyInputs(2)), stop(job)])
      const types = memory.records.map(({ type }) => type)
      expect(types.slice(0, 2)).to.deep.equal(['added', stop === end ? 'ended' : 'closed'])
    }
    master.stop()
  })

  it('has recorded a cancel when it says so', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    const job = await jobs.submitWhole(SPEC, OPTIONS, anyInputs(2))
    await jobs.cancel(job, 'not wanted')
    const ends = memory.records.filter(({ type }) => type === 'settled')
    expect(ends).to.have.lengthOf(2)
    expect(memory.records.at(-1)?.type).to.equal('ended')
    master.stop()
  })

  it('forgets only jobs that have ended', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    const job = await jobs.submitWhole(SPEC, OPTIONS, anyInputs(1))
    expect(await codeOfRejection(jobs.forget([job]))).to.equal('TOO_EARLY')
    await jobs.cancel(job, 'not wanted')
    await jobs.forget([job])
    expect(memory.forgotten).to.deep.equal([job])
    master.stop()
  })

  it('waits for no job that does not exist', async () => {
    const memory = new MemoryJournal()
    const { jobs, master } = await started(memory)
    const after = [{ job: 7 as JobId, needs: 'any' as const }]
    expect(await codeOfRejection(jobs.submit(SPEC, { ...OPTIONS, after }))).to.equal('NOT_FOUND')
    expect(memory.records).to.deep.equal([])
    master.stop()
  })

  it('takes so many jobs at a time and no more, those included that are on their way', async function () {
    this.timeout(20_000)
    const { jobs, master } = await started(new MemoryJournal())
    const submits = Array.from({ length: JOBS_MAX + 5 }, () =>
      codeOfRejection(jobs.submit(SPEC, OPTIONS))
    )
    const codes = await Promise.all(submits)
    expect(codes.filter((code) => code === undefined)).to.have.lengthOf(JOBS_MAX)
    expect(codes.filter((code) => code === 'LIMIT')).to.have.lengthOf(5)
    master.stop()
  })
})
