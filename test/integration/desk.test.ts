import { expect } from 'chai'
import { toError } from '../../src/core/errors.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { Range } from '../../src/core/selection.ts'
import type { JobId } from '../../src/core/types.ts'
import type { RemoteJobs } from '../../src/node/remote-jobs.ts'
import { all, bytes, only, TestDesk, WORKER } from '../support/desk.ts'
import { SPEC } from '../support/machines.ts'
import { until } from '../support/until.ts'
import { codeOfRejection } from '../support/code-of.ts'

const OPTIONS = { priority: 0, retries: 0 }
const ALL = { from: 1, limit: 1_000, states: [] }
const FOLLOW = { place: 0, isFollowing: true, hasInputs: true, hasNotices: false }

describe('a desk', function () {
  this.timeout(30_000)
  let desk: TestDesk
  let jobs: RemoteJobs

  beforeEach(async () => {
    desk = await TestDesk.open()
    jobs = await desk.connect()
  })

  afterEach(() => desk.close())

  it('has a submitted job on disk and shows it', async () => {
    const options = { priority: 3, retries: 1, name: 'night', submitter: 'ann' }
    const job = await jobs.submitWhole(SPEC, options, bytes('a', 'b'))
    expect(job).to.equal(1)
    const [view] = await all(jobs.jobs(only(1)))
    expect(view).to.deep.include({ job: 1, state: 'waiting', tasks: 2, isOpen: false, options })
    expect(view?.spec).to.deep.equal(SPEC)
    expect((await desk.jobs.journal.job(job))?.tasks).to.equal(2)
  })

  it('shows tasks: where they run, how they ended, what was tried before', async () => {
    await jobs.submitWhole(SPEC, { ...OPTIONS, retries: 1 }, bytes('a', 'b', 'c'))
    const hand = desk.worker()
    await hand.ends('1.1', 'success', { stdout: Buffer.from('out'), exitCode: 0 })
    await hand.ends('1.2', 'failure', { exitCode: 3, reason: 'exit status 3' })
    await hand.starts('1.3')
    await until(
      () => desk.jobs.state.jobs.get(1 as JobId)?.counts.retrying === 1,
      'a task is retrying'
    )
    const tasks = await all(jobs.tasks({ job: 1 as JobId, ...ALL }))
    expect(tasks.map(({ task, state, name }) => [task, state, name])).to.deep.equal([
      [1, 'finished', 'lab'],
      [2, 'retrying', 'lab'],
      [3, 'running', 'lab']
    ])
    expect(tasks[0]?.result).to.deep.include({ exitCode: 0, stdoutBytes: 3 })
    expect(Buffer.from(tasks[1]?.input as Uint8Array).toString()).to.equal('b')
    const setbacks = await all(jobs.setbacks({ job: 1 as JobId, task: 2, limit: 10 }))
    expect(
      setbacks.map(({ task, attempt, worker, reason }) => [task, attempt, worker, reason])
    ).to.deep.equal([[2, 1, WORKER, 'exit status 3']])
    expect(await all(jobs.workers())).to.deep.equal([
      { worker: WORKER, name: 'lab', slots: 2, held: 1, isConnected: true, isDraining: false }
    ])
  })

  it('feeds a job bit by bit, each bit on disk before it is said', async () => {
    await using feed = await jobs.submit(SPEC, OPTIONS)
    for (let round = 1; round <= 3; round++) {
      await feed.add(bytes('a', 'b'))
      expect((await desk.jobs.journal.job(feed.job))?.tasks).to.equal(2 * round)
    }
    expect((await desk.jobs.journal.job(feed.job))?.isOpen).to.equal(true)
    await feed.close()
    expect((await desk.jobs.journal.job(feed.job))?.isOpen).to.equal(false)
    expect(feed).to.deep.include({ tasks: 6, waiting: 6 })
  })

  it('takes more inputs than one message holds', async () => {
    const inputs = Array.from({ length: 12_000 }, (_, at) => Buffer.from(`input ${at}`))
    const large = [new Uint8Array(250_000), new Uint8Array(250_000), new Uint8Array(250_000)]
    const job = await jobs.submitWhole(SPEC, OPTIONS, [...inputs, ...large])
    const [view] = await all(jobs.jobs(only(job)))
    expect(view).to.deep.include({ tasks: 12_003, isOpen: false })
    const last = await all(jobs.tasks({ job, from: 12_000, limit: 2, states: [] }))
    expect(last.map(({ task, input }) => [task, (input as Uint8Array).length])).to.deep.equal([
      [12_000, 11],
      [12_001, 250_000]
    ])
  })

  it('cancels a job whose client vanished before its end', async () => {
    const other = await desk.connect()
    const feed = await other.submit(SPEC, OPTIONS)
    await feed.add(bytes('a'))
    other.close()
    const [view] = await all(jobs.wait(only(feed.job), new AbortController().signal))
    expect(view).to.deep.include({ state: 'canceled', tasks: 1 })
    const [result] = await all(jobs.resultsSoFar(feed.job, { hasInputs: false }))
    expect(result?.result.reason).to.match(/vanished before all its tasks were submitted/)
  })

  it('cancels a job whose inputs are refused, and says why', async () => {
    await using feed = await jobs.submit(SPEC, OPTIONS)
    desk.jobs.add = () => Promise.reject(new Error('no space'))
    expect(await codeOfRejection(feed.add(bytes('a')))).to.equal('FAULT')
    expect(await codeOfRejection(feed.add(bytes('b')))).to.equal('FAULT')
    await all(jobs.wait(only(feed.job), new AbortController().signal))
    expect((await all(jobs.jobs(only(feed.job))))[0]?.isOpen).to.equal(false)
  })

  it('follows results from any place to the end of the job', async () => {
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('a', 'b', 'c'))
    const hand = desk.worker()
    const seen: string[] = []
    const done = (async () => {
      for await (const item of jobs.results({ job, ...FOLLOW })) {
        if (item.type === 'result') {
          const { task, input, state, name } = item.result
          seen.push(`${task} ${String(input && Buffer.from(input))} ${state} ${name}`)
        } else if (item.type === 'job') seen.push(item.job.state)
      }
    })()
    await hand.ends('1.2')
    await until(() => seen.length === 1, 'the first result is told')
    await hand.ends('1.1', 'failure')
    await hand.ends('1.3')
    await done
    expect(seen).to.deep.equal(['2 b finished lab', '1 a failed lab', '3 c finished lab', 'failed'])
    const again = await all(jobs.resultsSoFar(job, { hasInputs: false }))
    expect(again.map(({ task }) => task)).to.deep.equal([2, 1, 3])
    const behind = await all(jobs.results({ job, ...FOLLOW, place: again[1]!.place }))
    expect(behind.map(({ type }) => type)).to.deep.equal(['result', 'job'])
  })

  it('tells what happens to a job on request', async () => {
    const hand = desk.worker()
    const other = await jobs.submitWhole(SPEC, OPTIONS, [])
    await using feed = await jobs.submit(SPEC, OPTIONS)
    const { job } = feed
    const seen: string[] = []
    const following = jobs.results({ job, ...FOLLOW, hasNotices: true })
    const done = (async () => {
      for await (const item of following) {
        seen.push(item.type === 'notice' ? item.notice.type : item.type)
      }
    })()
    await until(() => seen.includes('joined'), 'the worker is told of')
    await feed.add(bytes('a'))
    await feed.close()
    await hand.ends(`${job}.1`)
    await done
    expect(other).to.equal(job - 1)
    expect(seen).to.deep.equal(['joined', 'dispatched', 'started', 'result', 'job'])
  })

  it('waits for jobs, each told when it has ended', async () => {
    for (let count = 0; count < 3; count++) await jobs.submitWhole(SPEC, OPTIONS, bytes('a'))
    const hand = desk.worker()
    await hand.ends('1.1')
    const ended: number[] = []
    const done = (async () => {
      for await (const { job } of jobs.wait({ type: 'all' }, new AbortController().signal)) {
        ended.push(job)
      }
    })()
    await until(() => ended.length === 1, 'the first has ended')
    await hand.ends('3.1')
    await until(() => ended.length === 2, 'the third has ended')
    await hand.ends('2.1')
    await done
    expect(ended).to.deep.equal([1, 3, 2])
  })

  it('does not wait for those who have gone', async () => {
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('a'))
    const stopping = new AbortController()
    const waiting = codeOfRejection(all(jobs.wait(only(job), stopping.signal)))
    await until(() => desk.server.clients === 1, 'it is there')
    stopping.abort(new Error('enough'))
    expect(await waiting).to.equal('Error: enough')
    await until(() => desk.server.clients === 0, 'it is gone')
    expect(desk.problems).to.deep.equal([])
  })

  it('cancels jobs, and tasks of a job', async () => {
    await jobs.submitWhole(SPEC, OPTIONS, bytes('a', 'b', 'c'))
    await jobs.submitWhole(SPEC, OPTIONS, bytes('a'))
    const some = await all(jobs.cancel(only(1), 'not those', [[2, 9]]))
    expect(some.map(({ job, change, tasks }) => [job, change, tasks])).to.deep.equal([
      [1, 'canceled', 2]
    ])
    const two = await all(jobs.cancel({ type: 'all' }, 'all of it'))
    expect(two.map(({ job, change, tasks }) => [job, change, tasks])).to.deep.equal([
      [1, 'canceled', 1],
      [2, 'canceled', 1]
    ])
    const again = await all(jobs.cancel(only(1), 'again'))
    expect(again[0]?.change).to.equal('has ended')
    const results = await all(jobs.resultsSoFar(1 as JobId, { hasInputs: false }))
    expect(results.map(({ task, result }) => [task, result.reason])).to.deep.equal([
      [2, 'not those'],
      [3, 'not those'],
      [1, 'all of it']
    ])
  })

  it('retries all tasks of a job, or those that failed, as a new job', async () => {
    const options = { ...OPTIONS, name: 'n' }
    await jobs.submitWhole(SPEC, options, bytes('a', 'b'))
    const early = await all(jobs.retry({ type: 'last' }, { isFailedOnly: true }))
    expect(early).to.deep.equal([{ job: 1, change: 'has not ended', newJob: undefined, tasks: 0 }])
    const hand = desk.worker()
    await hand.ends('1.1')
    await hand.ends('1.2', 'failure')
    await all(jobs.wait(only(1), new AbortController().signal))
    const failed = await all(jobs.retry(only(1), { isFailedOnly: true }))
    expect(failed).to.deep.equal([{ job: 1, change: 'retried', newJob: 2, tasks: 1 }])
    const whole = await all(jobs.retry(only(1), { isFailedOnly: false }))
    expect(whole).to.deep.equal([{ job: 1, change: 'retried', newJob: 3, tasks: 2 }])
    const views = await all(jobs.jobs({ type: 'ranges', ranges: [[2, 3]] }))
    expect(views.map((view) => [view.job, view.tasks, view.options.name])).to.deep.equal([
      [2, 1, 'n'],
      [3, 2, 'n']
    ])
    await hand.ends('2.1')
    await all(jobs.wait(only(2), new AbortController().signal))
    const nothing = await all(jobs.retry(only(2), { isFailedOnly: true }))
    expect(nothing).to.deep.equal([{ job: 2, change: 'retried', newJob: undefined, tasks: 0 }])
  })

  it('retries a job of many tasks in pieces', async () => {
    const many = Array.from({ length: 200 }, (_, at) => Buffer.from(String(at)))
    await jobs.submitWhole(SPEC, OPTIONS, many)
    await all(jobs.cancel(only(1), 'for now'))
    await all(jobs.retry(only(1), { isFailedOnly: true }))
    const tasks = await all(jobs.tasks({ job: 2 as JobId, ...ALL }))
    expect(tasks.map(({ input }) => Buffer.from(input as Uint8Array).toString())).to.deep.equal(
      many.map(String)
    )
    expect((await all(jobs.jobs(only(2))))[0]?.isOpen).to.equal(false)
  })

  it('forgets jobs that have ended, and those only', async () => {
    for (let count = 0; count < 3; count++) await jobs.submitWhole(SPEC, OPTIONS, bytes('a'))
    await all(jobs.cancel({ type: 'ranges', ranges: [[1, 2]] }, 'enough'))
    const early = await all(jobs.forget(only(3)))
    expect(early.map(({ job, change }) => [job, change])).to.deep.equal([[3, 'has not ended']])
    const changes = await all(jobs.forget({ type: 'all' }))
    expect(changes.map(({ job, change }) => [job, change])).to.deep.equal([
      [1, 'forgotten'],
      [2, 'forgotten'],
      [3, 'has not ended']
    ])
    expect((await all(jobs.jobs({ type: 'all' }))).map(({ job }) => job)).to.deep.equal([3])
    expect(await codeOfRejection(all(jobs.jobs(only(1))))).to.equal('NOT_FOUND')
  })

  it('selects the last job, ranges, and refuses what is not there', async () => {
    expect(await codeOfRejection(all(jobs.jobs({ type: 'last' })))).to.equal('NOT_FOUND')
    expect(await all(jobs.jobs({ type: 'all' }))).to.deep.equal([])
    for (let count = 0; count < 5; count++) await jobs.submitWhole(SPEC, OPTIONS, [])
    const ids = async (...args: Parameters<RemoteJobs['jobs']>): Promise<number[]> =>
      (await all(jobs.jobs(...args))).map(({ job }) => job)
    expect(await ids({ type: 'last' })).to.deep.equal([5])
    expect(
      await ids({
        type: 'ranges',
        ranges: [
          [4, 900_000],
          [1, 2],
          [2, 2]
        ]
      })
    ).to.deep.equal([1, 2, 4, 5])
    expect(
      await codeOfRejection(
        ids({
          type: 'ranges',
          ranges: [
            [1, 2],
            [7, 7]
          ]
        })
      )
    ).to.equal('NOT_FOUND')
    expect(await codeOfRejection(ids({ type: 'ranges', ranges: [[7, 9]] }))).to.equal('NOT_FOUND')
  })

  it('says which of the jobs that were named one by one are not there', async () => {
    await jobs.submitWhole(SPEC, OPTIONS, [])
    const missing = async (...ranges: Range[]): Promise<string> =>
      await all(jobs.jobs({ type: 'ranges', ranges })).then(
        () => 'none',
        (error: unknown) => toError(error).message
      )
    expect(await missing([1, 1], [2, 2])).to.match(/^there is no job 2 \(any more\)/)
    expect(await missing([99, 99], [98, 98])).to.match(/^there are no jobs 99,98 /)
    expect(await missing([98, 99])).to.match(/^there are no jobs 98-99 /)
    expect(await missing([1, 99])).to.equal('none')
  })

  it('gives the bytes of inputs and outputs, from any offset', async () => {
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('some input'))
    expect(await codeOfRejection(all(jobs.bytes(job, 1, 'stdout')))).to.equal('TOO_EARLY')
    expect(await codeOfRejection(all(jobs.bytes(job, 2, 'input')))).to.equal('NOT_FOUND')
    const stdout = new Uint8Array(200_000).map((_, at) => at % 251)
    await desk.worker().ends('1.1', 'success', { stdout })
    await all(jobs.wait(only(job), new AbortController().signal))
    const read = async (...more: [number?]): Promise<Buffer> =>
      Buffer.concat(await all(jobs.bytes(job, 1, 'stdout', ...more)))
    expect(Buffer.compare(await read(), stdout)).to.equal(0)
    expect(Buffer.compare(await read(150_000), stdout.subarray(150_000))).to.equal(0)
    expect(Buffer.concat(await all(jobs.bytes(job, 1, 'input'))).toString()).to.equal('some input')
    expect(await all(jobs.bytes(job, 1, 'stderr'))).to.deep.equal([])
  })

  it('explains what has ended by itself, and asks about the rest', async () => {
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('a', 'b'))
    expect(await all(jobs.explain(job, undefined))).to.deep.equal([
      { code: 'no-worker', text: 'no worker is there' }
    ])
    const hand = desk.worker()
    await hand.ends('1.1', 'failure', { ...emptyResult('failure', 'exit status 1') })
    await until(() => desk.jobs.state.jobs.get(job)?.counts.failed === 1, 'it has failed')
    await desk.master.flushed()
    expect((await all(jobs.explain(job, 1)))[0]).to.deep.equal({
      code: 'ended',
      text: 'task 1.1 has ended: it is failed: exit status 1'
    })
    expect(await codeOfRejection(all(jobs.explain(9 as JobId, undefined)))).to.equal('NOT_FOUND')
  })

  it('drains one worker, which keeps what it has, and takes it back', async () => {
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('a', 'b', 'c', 'd'))
    const hand = desk.worker()
    await hand.starts('1.1')
    await hand.starts('1.2')
    expect((await all(jobs.drain('lab', true))).map(({ held }) => held)).to.deep.equal([2])
    await hand.ends('1.1')
    await hand.ends('1.2')
    await until(() => desk.jobs.state.jobs.get(job)?.counts.finished === 2, 'both have ended')
    expect(hand.has).to.deep.equal([])
    expect((await all(jobs.workers()))[0]).to.deep.include({ held: 0, isDraining: true })
    await all(jobs.drain(WORKER, false))
    await hand.ends('1.3')
    expect(await codeOfRejection(all(jobs.drain('nobody', true)))).to.equal('NOT_FOUND')
    expect(await codeOfRejection(all(jobs.drain(undefined, false)))).to.equal('USAGE')
  })

  it('goes on feeding a job, one client at a time', async () => {
    const job = await desk.jobs.submit(SPEC, OPTIONS)
    await desk.jobs.add(job, bytes('a'))
    await using feed = await jobs.resumeFeed(job)
    expect(feed.tasks).to.equal(1)
    expect(await codeOfRejection(jobs.resumeFeed(job))).to.equal('REFUSED')
    await feed.add(bytes('b'))
    await feed.close()
    expect(await codeOfRejection(jobs.resumeFeed(job))).to.equal('CLOSED')
    expect(await codeOfRejection(jobs.resumeFeed(99 as JobId))).to.equal('NOT_FOUND')
    expect((await all(jobs.jobs(only(job))))[0]?.tasks).to.equal(2)
  })

  it('keeps a half-fed job when the node is stopped: its feeder may come back', async () => {
    const feed = await jobs.submit(SPEC, OPTIONS)
    await feed.add(bytes('a'))
    await desk.server.close()
    expect(await codeOfRejection(feed.add(bytes('b')))).to.equal('UNREACHABLE')
    expect((await desk.jobs.journal.job(feed.job))?.isOpen).to.equal(true)
  })
})
