/** What people can ask a journal for, and how it forgets. */
import { statSync } from 'node:fs'
import { expect } from 'chai'
import type { BlobId, BlobRef, JobId } from '../../src/core/types.ts'
import type { Journal, TaskQuery } from '../../src/journal/journal.ts'
import * as a from '../support/journals.ts'
import { Journals, savedBy, WORKER } from '../support/journals.ts'

const ALL = { ageMs: Infinity, jobs: Infinity, bytes: Infinity }
/** Longer ago than the end of whatever ended until now. */
const NOW = -1_000

function blob(id: number): BlobRef {
  return { blob: id.toString(16).padStart(64, '0') as BlobId, bytes: id }
}

describe('journal for people', function () {
  this.timeout(60_000)
  let journals: Journals
  let journal: Journal

  beforeEach(async () => {
    journals = new Journals()
    journal = await journals.open()
  })

  afterEach(async () => {
    await journals.end()
  })

  async function jobNumbers(...query: Parameters<Journal['jobs']>): Promise<number[]> {
    return (await journal.jobs(...query)).map(({ job }) => job)
  }

  async function taskNumbers(query: TaskQuery, id = 1): Promise<number[]> {
    return (await journal.tasks(a.job(id), query)).map(({ task }) => task)
  }

  async function blobs(): Promise<BlobRef[]> {
    const all: BlobRef[] = []
    for await (const refs of journal.blobs()) all.push(...refs)
    return all
  }

  /** A job with so many tasks, all of them finished. */
  async function endedJob(id: number, tasks: number, bytes = 8): Promise<void> {
    const numbers = Array.from({ length: tasks }, (_, at) => at + 1)
    await journal.commit([
      ...[a.submitted(id), a.added(id, 1, a.inputs(tasks, bytes)), a.closed(id)],
      ...numbers.map((task) => a.settled(id, task)),
      a.ended(id, { finished: tasks })
    ])
  }

  it('shows a job as it lives and as it has ended', async () => {
    const before = Date.now()
    await journal.commit([a.submitted(1, { name: 'films' }), a.added(1, 1, a.inputs(4))])
    await journal.commit([a.settled(1, 3, 'failed'), a.settled(1, 1)])
    const live = await journal.job(a.job(1))
    expect(live).to.deep.include({ isOpen: true, tasks: 4, endedAt: undefined })
    expect(live?.options.name).to.equal('films')
    expect(live?.counts).to.include({ waiting: 2, finished: 1, failed: 1 })
    await journal.commit([a.closed(), a.settled(1, 2, 'canceled'), a.settled(1, 4, 'aborted')])
    await journal.commit([a.ended()])
    const over = await journal.job(a.job(1))
    expect(over?.counts).to.include({ waiting: 0, finished: 1, failed: 1, canceled: 1, aborted: 1 })
    expect(over?.submittedAt).to.be.within(before, Date.now())
    expect(over?.endedAt).to.be.within(over!.submittedAt, Date.now())
    expect(await journal.job(a.job(2))).to.equal(undefined)
  })

  it('lists jobs from the newest, page by page', async () => {
    for (let id = 1; id <= 5; id++) await journal.commit([a.submitted(id)])
    expect(await jobNumbers(2)).to.deep.equal([5, 4])
    expect(await jobNumbers(2, a.job(4))).to.deep.equal([3, 2])
    expect(await jobNumbers(9, a.job(2))).to.deep.equal([1])
  })

  it('lists tasks by number, with input, lease and result', async () => {
    const inputs = Array.from({ length: 3_000 }, (_, at) => new Uint8Array([at & 255, at >> 8]))
    await journal.commit([a.submitted(), a.added(1, 1, inputs.slice(0, 1_500))])
    await journal.commit([a.added(1, 1_501, inputs.slice(1_500)), a.submitted(2)])
    await journal.commit([a.added(2, 1, a.inputs(1)), a.leased(1, [1_499, 1_500], 1)])
    await journal.commit([a.settled(1, 1_500, 'failed', { exitCode: 3 })])
    const tasks = await journal.tasks(a.job(1), { from: 1_499, limit: 3 })
    expect(tasks.map(({ task }) => task)).to.deep.equal([1_499, 1_500, 1_501])
    expect(tasks.map(({ input }) => input)).to.deep.equal(inputs.slice(1_498, 1_501))
    expect(tasks[0]).to.deep.include({ lease: { attempt: 1, worker: WORKER }, result: undefined })
    expect(tasks[1]?.lease).to.equal(undefined)
    expect(tasks[1]?.result).to.deep.include({ state: 'failed', worker: WORKER, attempt: 1 })
    expect(tasks[1]?.result?.result.exitCode).to.equal(3)
    expect(tasks[2]).to.deep.include({ lease: undefined, result: undefined })
    expect(await taskNumbers({ from: 2_999, limit: 9 })).to.deep.equal([2_999, 3_000])
    expect(await taskNumbers({ from: 3_001, limit: 9 })).to.deep.equal([])
    expect(await taskNumbers({ from: 1, limit: 9 }, 2)).to.deep.equal([1])
    expect(await taskNumbers({ from: 1, limit: 9 }, 3)).to.deep.equal([])
  })

  it('finds tasks by how they ended', async () => {
    const inputs = a.inputs(100, 4)
    await journal.commit([a.submitted(), a.added(1, 1, inputs), a.submitted(2)])
    await journal.commit([a.added(2, 1, a.inputs(3)), a.settled(2, 1, 'failed')])
    const states = ['finished', 'failed', 'canceled', 'aborted'] as const
    for (let task = 100; task > 20; task--) {
      await journal.commit([a.settled(1, task, states[task % 4])])
    }
    expect(await taskNumbers({ from: 90, limit: 9, states: ['failed'] })).to.deep.equal([93, 97])
    const wrong = { from: 1, limit: 4, states: ['failed', 'aborted'] } as const
    expect(await taskNumbers(wrong)).to.deep.equal([21, 23, 25, 27])
    const some = { from: 99, limit: 4, states: ['finished', 'aborted'] } as const
    expect(await taskNumbers(some)).to.deep.equal([99, 100])
    expect(await taskNumbers({ from: 2, limit: 9, states: ['failed'] }, 2)).to.deep.equal([])
    const [first] = await journal.tasks(a.job(1), wrong)
    expect(first).to.deep.include({ task: 21, input: inputs[20], lease: undefined })
    expect(first?.result?.state).to.equal('failed')
  })

  it('gives results in the order in which they came, from a place on', async () => {
    for (const id of [1, 2]) await journal.commit([a.submitted(id), a.added(id, 1, a.inputs(5))])
    for (const task of [4, 2, 5]) await journal.commit([a.settled(1, task), a.settled(2, task)])
    const tasksOf = async (id: number, place: number, limit = 9): Promise<number[]> =>
      (await journal.results(a.job(id), place, limit)).map(({ task }) => task)
    expect(await tasksOf(1, 0)).to.deep.equal([4, 2, 5])
    const [, second] = await journal.results(a.job(1), 0, 2)
    expect(await tasksOf(1, second!.place)).to.deep.equal([5])
    expect(await tasksOf(2, 0, 1)).to.deep.equal([4])
    expect(await tasksOf(3, 0)).to.deep.equal([])
  })

  it('keeps setbacks, of many only the first', async () => {
    await journal.commit([a.submitted(), a.added(1, 1, a.inputs(2)), a.submitted(2)])
    await journal.commit([a.leased(1, [1, 2]), a.setback(1, 2, 1, 'lost'), a.setback(1, 1)])
    await journal.commit([a.leased(1, [2], 2), a.setback(1, 2, 2, 'exit 1')])
    const reasons = async (task?: number): Promise<string[]> =>
      (await journal.setbacks(a.job(1), task, 9)).map(({ reason }) => reason)
    expect(await reasons()).to.deep.equal(['lost', 'it failed', 'exit 1'])
    expect(await reasons(2)).to.deep.equal(['lost', 'exit 1'])
    const [first] = await journal.setbacks(a.job(1), 2, 1)
    expect(first).to.include({ job: 1, task: 2, attempt: 1, worker: WORKER })
    const many = Array.from({ length: 11_000 }, (_, at) => a.setback(1, 1, at + 2, 'again'))
    await journal.commit(many)
    expect(await journal.setbacks(a.job(1), undefined, 99_999)).to.have.length(10_000)
    const [saved] = (await savedBy(journal)).flatMap((each) =>
      each.type === 'tasks' ? each.tasks : []
    )
    expect(saved?.lease?.attempt, 'what the master goes by is kept').to.equal(11_001)
  })

  it('names every blob, once for each reference', async () => {
    await journal.commit([a.submitted(), a.added(1, 1, [blob(1), new Uint8Array(1), blob(2)])])
    const outputs = { stdout: blob(3), stderr: blob(1), value: blob(4) }
    await journal.commit([a.settled(1, 1, 'finished', outputs)])
    const [result] = await journal.results(a.job(1), 0, 1)
    expect(result?.result).to.deep.include(outputs)
    expect((await journal.tasks(a.job(1), { from: 3, limit: 1 }))[0]?.input).to.deep.equal(blob(2))
    expect(await blobs()).to.deep.equal([1, 2, 3, 1, 4].map(blob))
    const inputs = Array.from({ length: 12_000 }, (_, at) => blob(at))
    await journal.commit([a.added(1, 4, inputs)])
    expect(await blobs()).to.have.length(12_005)
  })

  it('forgets jobs that have ended, with all that belongs to them', async () => {
    await journal.commit([a.submitted(1), a.added(1, 1, [blob(1)]), a.leased(1, [1])])
    await journal.commit([a.setback(1, 1), a.settled(1, 1, 'finished', { stdout: blob(2) })])
    await journal.commit([a.submitted(2), a.added(2, 1, [blob(3)])])
    expect(await journal.forget([1, 2, 7] as JobId[]), 'both live').to.deep.equal([])
    await journal.commit([a.ended(1, { finished: 1 })])
    expect(await journal.ends([1, 2] as JobId[])).to.have.length(1)
    expect(await journal.forget([1, 2, 7] as JobId[])).to.deep.equal([blob(1), blob(2)])
    expect(await jobNumbers(9)).to.deep.equal([2])
    expect(await blobs()).to.deep.equal([blob(3)])
    expect(await journal.ends([1, 2] as JobId[])).to.deep.equal([])
    const left = [
      await journal.results(a.job(1), 0, 9),
      await journal.setbacks(a.job(1), undefined, 9),
      await journal.tasks(a.job(1), { from: 1, limit: 9 })
    ]
    expect(left).to.deep.equal([[], [], []])
  })

  it('no number of a job or place of a result comes twice', async () => {
    const path = journals.path()
    journal = await journals.open(path)
    await endedJob(1, 5)
    await endedJob(2, 5)
    const last = (await journal.results(a.job(2), 0, 9)).at(-1)?.place ?? 0
    await journal.forget([1, 2] as JobId[])
    await journal.close()
    journal = await journals.open(path)
    expect((await savedBy(journal))[0]).to.deep.equal({ type: 'last-job', job: 2 })
    await endedJob(3, 1)
    expect((await journal.results(a.job(3), 0, 1))[0]?.place).to.be.above(last)
  })

  it('prunes by age and by number, the ones that ended first', async () => {
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(1))])
    for (const id of [4, 2, 3, 5]) await endedJob(id, 2)
    expect(await journal.prune({ ...ALL, ageMs: 3_600_000 })).to.deep.equal([])
    expect(await jobNumbers(9)).to.deep.equal([5, 4, 3, 2, 1])
    await journal.prune({ ...ALL, jobs: 2 })
    expect((await jobNumbers(9)).filter((id) => id !== 1))
      .to.have.length(2)
      .and.include(5)
    await journal.prune({ ...ALL, ageMs: NOW })
    expect(await jobNumbers(9)).to.deep.equal([1])
  })

  it('prunes by size until the file is small enough, and gives the space back', async () => {
    const path = journals.path()
    journal = await journals.open(path)
    for (let id = 1; id <= 8; id++) await endedJob(id, 1_000, 500)
    await journal.commit([a.submitted(9), a.added(9, 1, a.inputs(1_000, 500))])
    await journal.prune({ ...ALL, bytes: 3_000_000 })
    const kept = await jobNumbers(9)
    expect(kept).to.have.length.within(4, 6)
    expect(kept, 'the ones that ended last').to.deep.equal([9, 8, 7, 6, 5, 4].slice(0, kept.length))
    expect(statSync(path).size).to.be.at.most(3_000_000)
    await journal.prune({ ...ALL, bytes: 0 })
    expect(await jobNumbers(9), 'what lives stays').to.deep.equal([9])
    expect((await journal.tasks(a.job(9), { from: 1, limit: 9_999 })).length).to.equal(1_000)
  })

  it('counts the outputs beside the file as part of its size', async () => {
    for (const id of [1, 2, 3]) {
      const stdout = { ...blob(id), bytes: 10_000_000 }
      await journal.commit([a.submitted(id), a.added(id, 1, a.inputs(1)), a.closed(id)])
      await journal.commit([a.settled(id, 1, 'finished', { stdout }), a.ended(id, { finished: 1 })])
    }
    const gone = await journal.prune({ ...ALL, bytes: 25_000_000 })
    expect(gone).to.deep.equal([{ ...blob(1), bytes: 10_000_000 }])
    expect(await jobNumbers(9)).to.deep.equal([3, 2])
  })

  it('goes on with commits while it forgets much', async () => {
    await endedJob(1, 20_000)
    const order: string[] = []
    const forgotten = journal.forget([1] as JobId[]).then(() => order.push('forgotten'))
    await journal.commit([a.submitted(2)])
    order.push('committed')
    await forgotten
    expect(order).to.deep.equal(['committed', 'forgotten'])
  })
})
