/** What every journal promises: what is committed is there, once, and a master is rebuilt from it. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../src/core/errors.ts'
import { RUN_TIMES_RESTORED_MAX } from '../../src/core/limits.ts'
import type { JournalRecord, Saved, SavedJob, SavedTasks } from '../../src/core/master/journal.ts'
import type { FunctionSpec } from '../../src/core/spec.ts'
import type { BlobId, BlobRef, NodeId } from '../../src/core/types.ts'
import * as a from '../support/journals.ts'
import { Journals, savedBy, WORKER } from '../support/journals.ts'

function blob(digit: string): BlobRef {
  return { blob: digit.repeat(64) as BlobId, bytes: 300_000 }
}

describe('journal', function () {
  this.timeout(60_000)
  let journals: Journals

  beforeEach(() => {
    journals = new Journals()
  })

  afterEach(async () => {
    await journals.end()
  })

  /** What the next process would find. */
  async function saved(path: string): Promise<Saved[]> {
    const next = await journals.open(path)
    const all = await savedBy(next)
    await next.close()
    return all
  }

  it('gives back a job with its tasks, leases and what went wrong', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const options = { name: 'nightly', backoff: { kind: 'fixed', firstMs: 5, maxMs: 9 } } as const
    const [one, two, three] = [new Uint8Array([1]), blob('a'), new Uint8Array(0)]
    await journal.commit([a.submitted(1, options), a.added(1, 1, [one, two, three])])
    await journal.commit([a.leased(1, [1, 2])])
    const avoids = [WORKER, 'another' as NodeId]
    const counters = { failures: 2, crashes: 1, losses: 3, refusals: 4, isReportDue: false, avoids }
    await journal.commit([a.setback(1, 2, 1, 'it failed', counters), a.settled(1, 1)])
    await journal.close()

    const ended = { finished: 1, failed: 0, canceled: 0, aborted: 0 }
    const job = { ...a.submitted(1, options), type: 'job', isOpen: true, lastTask: 3, ended }
    const lease = { attempt: 1, worker: WORKER, isHeld: false }
    expect(await saved(path)).to.deep.equal([
      { type: 'last-job', job: 1 },
      job,
      {
        type: 'tasks',
        job: 1,
        tasks: [
          { task: 2, input: two, lease: { ...lease, counters: { ...a.noWrongs, ...counters } } },
          { task: 3, input: three, lease: undefined }
        ]
      }
    ])
  })

  it('knows which attempt of two is left, which numbers are used up, and what is usual', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const [left, counters] = [{ lastAttempt: 2 }, { ...a.noWrongs, lastAttempt: 2 }]
    const adopted = { ...a.setback(1, 1, 1, '', left), type: 'adopted' } as JournalRecord
    const records = [a.leased(1, [1, 2]), a.leased(1, [1, 2], 2), a.setback(1, 1, 2), adopted]
    await journal.commit([a.submitted(1, { hedge: true }), a.added(1, 1, a.inputs(42))])
    // The older attempt of task 2 came to nothing: the newer one stays what it is.
    await journal.commit([...records, a.setback(1, 2, 1)])
    // Of a lease that comes late, or again, the number is used up.
    await journal.commit([a.leased(1, [1], 2)])
    for (let task = 3; task <= 42; task++) {
      await journal.commit([a.settled(1, task, 'finished', { runtimeMs: task })])
    }
    await journal.close()
    const all = await saved(path)
    const of = all.find(({ type }) => type === 'job') as SavedJob
    expect(of.runTimes).to.deep.equal(
      Array.from({ length: RUN_TIMES_RESTORED_MAX }, (_, at) => 42 - at)
    )
    const { tasks } = all.find(({ type }) => type === 'tasks') as SavedTasks
    expect(tasks.map(({ lease }) => lease)).to.deep.equal([
      { attempt: 1, worker: WORKER, isHeld: true, counters },
      { attempt: 2, worker: WORKER, isHeld: true, counters: { ...a.noWrongs, isReportDue: true } }
    ])
    const next = await journals.open(path)
    await next.commit([a.setback(1, 1, 1, 'it failed, too', left), a.leased(1, [1], 3)])
    await next.close()
    const [last] = ((await saved(path)).at(-1) as SavedTasks).tasks
    expect(last?.lease).to.deep.include({ attempt: 3, isHeld: true })
    expect(last?.lease?.counters).to.not.have.property('lastAttempt')
  })

  it('keeps its epoch, and every journal has its own', async () => {
    const path = journals.path()
    const first = await journals.open(path)
    await first.close()
    const again = await journals.open(path)
    expect(again.epoch).to.equal(first.epoch)
    expect((await journals.open()).epoch).not.to.equal(first.epoch)
  })

  it('nobody else can read its file', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    await journal.commit([a.submitted()])
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect(statSync(`${path}-wal`).mode & 0o777).to.equal(0o600)
    expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700)
  })

  it('keeps every field of a function', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const ref = { bundle: blob('b'), exportName: 'square' }
    const spec: FunctionSpec = {
      ...{ kind: 'function', function: ref, timeoutMs: 1, outputBytesMax: 2, slotsMax: 3 },
      initializer: { ...ref, input: new Uint8Array([7]) },
      ...{ tasksPerChildMax: 4, isAlone: true, memoryBytesMax: 5 }
    }
    const record = { ...a.submitted(), spec } as JournalRecord
    await journal.commit([record])
    expect((await journal.job(a.job(1)))?.spec).to.deep.equal(spec)
    await journal.close()
    expect((await saved(path))[1]).to.have.deep.property('spec', spec)
  })

  it('what comes again has no effect', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const records = [
      ...[a.submitted(), a.added(1, 1, a.inputs(3)), a.leased(1, [1, 2, 3])],
      ...[a.setback(1, 1), a.leased(1, [1], 2), a.settled(1, 2, 'failed', { stdout: blob('c') })]
    ]
    await journal.commit(records)
    const before = [await savedBy(journal), await journal.results(a.job(1), 0, 10)]
    await journal.commit(records)
    for (const record of records) await journal.commit([record])
    expect([await savedBy(journal), await journal.results(a.job(1), 0, 10)]).to.deep.equal(before)
    expect(await journal.setbacks(a.job(1), undefined, 10)).to.have.length(1)
    const refs: BlobRef[] = []
    for await (const more of journal.blobs()) refs.push(...more)
    expect(refs).to.deep.equal([blob('c')])
    expect((await journal.job(a.job(1)))?.counts).to.include({ waiting: 2, failed: 1 })
    const [, second] = await journal.tasks(a.job(1), { from: 1, limit: 2 })
    expect(second, 'ended, so not leased').to.include({ lease: undefined })
  })

  it('a lease that comes again after its end is none', async () => {
    const journal = await journals.open()
    await journal.commit([a.submitted(), a.added(1, 1, a.inputs(1)), a.leased(1, [1])])
    await journal.commit([a.setback(1, 1)])
    const before = await savedBy(journal)
    await journal.commit([a.leased(1, [1])])
    expect(await savedBy(journal)).to.deep.equal(before)
  })

  it('records all of a commit or nothing, and those beside it all the same', async () => {
    const journal = await journals.open()
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(2))])
    // Task 5 cannot come after task 0.
    const wrong = [
      ...[a.leased(1, [1]), a.settled(1, 1, 'failed'), a.closed(1)],
      ...[a.submitted(2), a.added(2, 5, a.inputs(1))]
    ]
    const [first, second, third] = await Promise.allSettled([
      journal.commit([a.submitted(3)]),
      journal.commit(wrong),
      journal.commit([a.leased(1, [1]), a.settled(1, 2)])
    ])
    expect([first.status, third.status]).to.deep.equal(['fulfilled', 'fulfilled'])
    const reason: unknown = second.status === 'rejected' ? second.reason : undefined
    expect(operatingErrorOf(reason)?.code).to.equal('JOURNAL_FAILED')
    expect((await journal.jobs(10)).map(({ job }) => job)).to.deep.equal([3, 1])
    expect(await journal.job(a.job(1))).to.deep.include({ isOpen: true, tasks: 2 })
    expect((await journal.job(a.job(1)))?.counts).to.include({ waiting: 1, finished: 1, failed: 0 })
    const [task] = await journal.tasks(a.job(1), { from: 1, limit: 1 })
    expect(task?.lease, 'by a worker that the failed commit had named first').to.deep.equal({
      attempt: 1,
      worker: WORKER
    })
    expect((await journal.results(a.job(1), 0, 9)).map(({ place }) => place)).to.deep.equal([1])
  })

  it('commits are done in the order of their calls', async () => {
    const journal = await journals.open()
    const order: number[] = []
    await journal.commit([a.submitted()])
    const all = Array.from({ length: 5_000 }, async (_, at) => {
      await journal.commit([a.added(1, at + 1, a.inputs(1))])
      order.push(at)
    })
    await Promise.all(all)
    expect(order).to.deep.equal(Array.from({ length: 5_000 }, (_, at) => at))
    expect((await journal.job(a.job(1)))?.tasks).to.equal(5_000)
  })

  it('what waits when it is closed is written first', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const commits = [1, 2, 3].map(async (id) => await journal.commit([a.submitted(id)]))
    await Promise.all([journal.close(), journal.close(), ...commits])
    expect((await saved(path))[0]).to.deep.equal({ type: 'last-job', job: 3 })
    const error = await journal.commit([a.submitted(4)]).catch((thrown: unknown) => thrown)
    expect(operatingErrorOf(error)?.message).to.match(/closed/)
  })

  it('tasks come in pieces, in the order of their numbers', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    await journal.commit([a.submitted(), a.added(1, 1, a.inputs(12_000))])
    // Whole rows that have ended, and parts of some.
    const over = Array.from({ length: 6_000 }, (_, at) => at + 2_500)
    await journal.commit(over.map((task) => a.settled(1, task)))
    await journal.commit([a.leased(1, [2, 11_999])])
    await journal.close()
    const next = await journals.open(path)
    const sizes: number[] = []
    const numbers: number[] = []
    const leases: number[] = []
    for await (const piece of next.load()) {
      for (const each of piece) {
        if (each.type !== 'tasks') continue
        sizes.push(each.tasks.length)
        for (const { task, lease } of each.tasks) {
          numbers.push(task)
          if (lease !== undefined) leases.push(task)
        }
      }
    }
    expect(numbers).to.deep.equal(
      Array.from({ length: 12_000 }, (_, at) => at + 1).filter((task) => !over.includes(task))
    )
    expect(leases).to.deep.equal([2, 11_999])
    expect(Math.max(...sizes)).to.be.below(7_000)
  })

  it('of jobs that live says how those ended that they wait for', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    const after = [1, 2, 9].map((id) => ({ job: a.job(id), needs: 'ok' as const }))
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(1)), a.settled(1, 1), a.closed(1)])
    await journal.commit([a.ended(1, { finished: 1 }), a.submitted(2), a.submitted(3, { after })])
    await journal.close()
    const counts = { finished: 1, failed: 0, canceled: 0, aborted: 0 }
    const ends = (await saved(path)).filter(({ type }) => type === 'end')
    expect(ends).to.deep.equal([{ type: 'end', job: 1, counts }])
  })
})
