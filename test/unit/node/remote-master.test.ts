import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { ResultView, WorkerSummary } from '../../../src/core/job-views.ts'
import type { MasterNotice } from '../../../src/core/master/events.ts'
import { emptyResult } from '../../../src/core/result.ts'
import type { BlobId, JobId, NodeId } from '../../../src/core/types.ts'
import type { Item } from '../../../src/control/messages.ts'
import { RemoteMaster } from '../../../src/node/remote-master.ts'
import type { RemoteJobs } from '../../../src/node/remote-jobs.ts'
import { aJobView } from '../../support/control-messages.ts'
import { until } from '../../support/until.ts'

const JOB = aJobView.job
const LAB = 'lab' as NodeId
const BLOB = { blob: 'b'.repeat(64) as BlobId, bytes: 300_000 }

type Told = Extract<Item, { type: 'result' | 'notice' | 'job' }>

function result(task: number, more: Partial<ResultView> = {}): Told {
  const view = {
    ...{ job: JOB, task, place: task * 10, attempt: 1, state: 'finished' as const, worker: LAB },
    ...{ result: emptyResult('success', ''), name: 'lab', input: undefined, endedAt: 1 },
    ...more
  }
  return { type: 'result', result: view }
}

function notice(notice: Extract<Told, { type: 'notice' }>['notice']): Told {
  return { type: 'notice', notice }
}

const attempts = (...tasks: number[]) => tasks.map((task) => ({ job: JOB, task, attempt: 1 }))
const started = (...tasks: number[]): Told =>
  notice({ type: 'started', worker: LAB, attempts: attempts(...tasks) })
const ended: Told = { type: 'job', job: aJobView }
const gone = (): Error => new P2pJobsError('UNREACHABLE', 'the node ended')

function aWorker(worker: NodeId, isConnected = true): WorkerSummary {
  return { worker, name: worker, slots: 2, held: 0, isConnected, isDraining: false }
}

describe('remote master', () => {
  let notices: MasterNotice[]
  let problems: string[]
  let inputs: string[]
  /** What following is answered by, one answer after the other. */
  let answers: (readonly (Told | Error)[])[]
  let queries: { readonly place: number; readonly hasInputs: boolean }[]
  let workers: WorkerSummary[]
  let master: RemoteMaster
  let calls: string[]
  let room: Promise<void>

  const jobs = {
    workers: async function* () {
      await Promise.resolve()
      yield* workers
    },
    results: async function* (query: (typeof queries)[number], signal: AbortSignal) {
      queries.push(query)
      for (const item of answers.shift() ?? []) {
        await nextTurn()
        if (item instanceof Error) throw item
        yield item
      }
      if (answers.length > 0) return
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      signal.throwIfAborted()
    },
    bytes: async function* (job: JobId, task: number, part: string) {
      await Promise.resolve()
      yield Buffer.from(`${job}.${task} ${part}`)
    },
    cancel: async function* () {
      await Promise.resolve()
      calls.push('cancel')
      if (calls.length === 1) throw gone()
      yield* []
    },
    submit: () => Promise.reject(new P2pJobsError('JOURNAL_FULL', 'full')),
    close: () => calls.push('hang up')
  }

  beforeEach(() => {
    notices = []
    problems = []
    inputs = []
    answers = []
    queries = []
    calls = []
    workers = [aWorker(LAB)]
    room = Promise.resolve()
    master = new RemoteMaster({
      jobs: jobs as unknown as RemoteJobs,
      onNotice: (each) => notices.push(each),
      room: () => room,
      onInput: (task, input) => inputs.push(`${task} ${String(input)}`),
      onProblem: (text) => problems.push(text)
    })
  })

  afterEach(() => master.stop())

  const settled = (): number[] =>
    notices.flatMap((each) => (each.type === 'settled' ? [each.task] : []))
  const running = (): number => master.state.jobs.get(JOB).counts.running

  async function followed(count: number): Promise<void> {
    master.follow(JOB)
    await until(() => settled().length === count, `${count} tasks are settled`)
    await nextTurn()
  }

  it('goes on behind the last result when the master was away, and says so once', async () => {
    answers = [[result(1), result(2), gone()], [gone()], [result(3), ended]]
    await followed(3)
    await until(() => notices.at(-1)?.type === 'ended', 'the job has ended')
    expect(queries.map(({ place }) => place)).to.deep.equal([0, 20, 20])
    expect(settled()).to.deep.equal([1, 2, 3])
    expect(problems).to.have.length(4)
    expect(problems[0]).to.match(/is away; the job is kept/)
    expect(problems[1]).to.match(/is back/)
  })

  it('counts what runs', async () => {
    const setback = { type: 'setback', job: JOB, attempt: 1, worker: LAB, reason: '' } as const
    answers = [[started(1, 2, 3), notice({ ...setback, task: 2, delayMs: 0 }), result(1)]]
    await followed(1)
    expect(running()).to.equal(1)
  })

  it('forgets what ran at a master that was away', async () => {
    answers = [
      [started(1, 2, 3), gone()],
      [started(2), result(1)]
    ]
    await followed(1)
    expect(running()).to.equal(1)
  })

  it('tells each worker once, and those that did not come back', async () => {
    const other = 'other' as NodeId
    workers = [aWorker(LAB), aWorker(other, false)]
    const joined = (worker: NodeId): Told =>
      notice({ type: 'joined', worker, name: worker, slots: 2 })
    answers = [
      [joined(LAB), joined(other), gone()],
      [joined(LAB), result(1)]
    ]
    await followed(1)
    const told = notices.flatMap((each) =>
      each.type === 'joined' || each.type === 'parted' ? [`${each.type} ${each.worker}`] : []
    )
    expect(told).to.deep.equal(['joined lab', 'joined other', 'parted other'])
  })

  it('finds the bytes of outputs that are not in the result', async () => {
    const more = { ...emptyResult('success', ''), stdout: BLOB, stderr: Buffer.from('short') }
    answers = [[result(4, { result: more, input: Buffer.from('arg') })]]
    await followed(1)
    const read = async (payload: Parameters<RemoteMaster['read']>[0]): Promise<string> =>
      String(Buffer.concat(await Array.fromAsync(master.read(payload))))
    const last = notices.at(-1)
    if (last?.type !== 'settled') throw new Error('not settled')
    expect(await read(last.result.stdout)).to.equal(`${JOB}.4 stdout`)
    expect(await read(last.result.stderr)).to.equal('short')
    expect(await read(new Uint8Array(0))).to.equal('')
    expect(await read({ ...BLOB }).catch(String)).to.match(/an output of no task/)
    expect(inputs).to.deep.equal(['4 arg'])
    expect(queries[0]).to.include({ hasInputs: true })
  })

  it('leaves outputs on the disk that cannot be printed yet', async () => {
    const more = { ...emptyResult('success', ''), stdout: Buffer.from('text') }
    answers = [[result(4, { result: more })]]
    await followed(1)
    const aside = await master.setAside(more)
    expect(aside.stdout).to.include({ bytes: 4 })
    expect(aside.stderr).to.equal(more.stderr)
    const read = await Array.fromAsync(master.read(aside.stdout))
    expect(String(Buffer.concat(read))).to.equal(`${JOB}.4 stdout`)
    const foreign = emptyResult('success', '')
    expect(await master.setAside(foreign)).to.equal(foreign)
  })

  it('reads no more results than there is room for', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    room = promise
    answers = [[result(1), result(2)]]
    await followed(1)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(settled()).to.deep.equal([1])
    resolve(undefined)
    await until(() => settled().length === 2, 'the second one comes')
  })

  it('cancels also when the master goes away meanwhile', async () => {
    await master.cancel(JOB, 'enough')
    expect(calls).to.deep.equal(['cancel', 'cancel'])
    expect(problems).to.deep.equal([])
  })

  it('tells that the job is lost when the master does not know it', async () => {
    answers = [[new P2pJobsError('NOT_FOUND', 'there is no job 5')]]
    master.follow(JOB)
    const lost = await master.lost.catch((error: unknown) => error)
    expect(lost).to.have.property('code', 'NOT_FOUND')
  })

  it('does not follow what could not be submitted', async () => {
    const options = { priority: 0, retries: 0 }
    const failure = await master
      .submit(aJobView.spec, options)
      .then(() => undefined)
      .catch((error: unknown) => error)
    expect(failure).to.have.property('code', 'JOURNAL_FULL')
    expect(queries).to.deep.equal([])
  })

  it('loses nothing when it is stopped: nobody follows any more', async () => {
    answers = [[result(1)]]
    await followed(1)
    master.stop()
    const first = await Promise.race([master.lost.catch(() => 'lost'), nextTurn('quiet')])
    expect(first).to.equal('quiet')
    expect(calls).to.deep.equal(['hang up'])
  })
})
