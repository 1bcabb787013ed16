import { expect } from 'chai'
import type { ResultView, TaskView } from '../../../../src/core/job-views.ts'
import type { JobId, NodeId } from '../../../../src/core/types.ts'
import type { Item } from '../../../../src/control/messages.ts'
import { FOLLOWED_MAX, followLogs } from '../../../../src/cli/jobs/follow-logs.ts'
import type { FollowInit, FollowJobs, TaskSink } from '../../../../src/cli/jobs/follow-logs.ts'
import { aJobView } from '../../../support/control-messages.ts'
import { settle } from './support.ts'

const JOB = 5 as JobId
const LAB = 'lab' as NodeId
type Told = Extract<Item, { type: 'result' | 'notice' | 'job' }>

/** A task of a job on a master: what its attempt prints on stdout, until it has ended. */
interface FakeTask {
  state: TaskView['state']
  attempt: number
  printed: string
}

/** What one asks for who waits for something to happen. */
class Bell {
  #next = Promise.withResolvers<undefined>()

  ring(): void {
    this.#next.resolve(undefined)
    this.#next = Promise.withResolvers()
  }

  async wait(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    await Promise.race([this.#next.promise, aborted.promise])
    signal.removeEventListener('abort', onAbort)
  }
}

class FakeMaster implements FollowJobs {
  readonly all = new Map<number, FakeTask>()
  readonly #told: Told[] = []
  readonly #bell = new Bell()
  /** Tasks whose live output is asked for now. */
  readonly followed = new Set<number>()
  /** Pieces of live output are no longer than this. */
  pieceMax = 3
  failure: Error | undefined

  starts(...tasks: number[]): void {
    for (const task of tasks) {
      const attempt = (this.all.get(task)?.attempt ?? 0) + 1
      this.all.set(task, { state: 'running', attempt, printed: '' })
    }
    const attempts = tasks.map((task) => ({ job: JOB, task, attempt: 1 }))
    this.#tell({ type: 'notice', notice: { type: 'started', worker: LAB, attempts } })
  }

  prints(task: number, text: string): void {
    this.#of(task).printed += text
    this.#bell.ring()
  }

  /** Its worker is lost; it waits for the next attempt. */
  isLost(task: number): void {
    Object.assign(this.#of(task), { state: 'waiting', printed: '' })
    this.#bell.ring()
  }

  ends(task: number, state: FakeTask['state'] = 'finished'): void {
    const known = this.all.get(task) ?? { attempt: 0, printed: '' }
    this.all.set(task, { ...known, state })
    this.#tell({ type: 'result', result: { task } as ResultView })
  }

  jobEnds(): void {
    this.#tell({ type: 'job', job: aJobView })
  }

  fails(error: Error): void {
    this.failure = error
    this.#bell.ring()
  }

  async *results(
    _query: unknown,
    signal: AbortSignal | undefined
  ): AsyncGenerator<Told, void, undefined> {
    for (let at = 0; ; at++) {
      while (this.#told[at] === undefined) await this.#wait(signal!)
      yield this.#told[at]!
      if (this.#told[at]!.type === 'job') return
    }
  }

  async *tasks({ from, limit }: { from: number; limit: number }): AsyncGenerator<TaskView> {
    await Promise.resolve()
    const tasks = [...this.all].sort(([a], [b]) => a - b)
    for (const [task, { state, attempt }] of tasks
      .filter(([task]) => task >= from)
      .slice(0, limit)) {
      const hasEnded = state !== 'running' && state !== 'waiting'
      const result = hasEnded ? { reason: '' } : undefined
      yield { task, state, attempt, result } as TaskView
    }
  }

  async *bytes(
    _job: JobId,
    task: number,
    part: string,
    offset = 0
  ): AsyncGenerator<Uint8Array, void, undefined> {
    await Promise.resolve()
    const text = part === 'stdout' ? this.#of(task).printed.slice(offset) : ''
    for (let from = 0; from < text.length; from += 4) yield Buffer.from(text.slice(from, from + 4))
  }

  async *live(
    query: Parameters<FollowJobs['live']>[0],
    signal: AbortSignal
  ): ReturnType<FollowJobs['live']> {
    const { task, stream } = query
    const { attempt } = this.#of(task)
    let offset = query.attempt === undefined || query.attempt === attempt ? query.offset : 0
    const runs = (): boolean =>
      this.#of(task).state === 'running' && this.#of(task).attempt === attempt
    if (runs()) this.followed.add(task)
    while (runs()) {
      const text = stream === 'stdout' ? this.#of(task).printed : ''
      const bytes = Buffer.from(text.slice(offset, offset + this.pieceMax))
      if (bytes.length === 0) await this.#wait(signal)
      else yield { type: 'piece', attempt, offset, bytes }
      offset += bytes.length
    }
    this.followed.delete(task)
    yield { type: 'over', why: 'ended', attempt, offset }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    this.#throwIfFailed()
    await this.#bell.wait(signal)
    this.#throwIfFailed()
  }

  #throwIfFailed(): void {
    if (this.failure !== undefined) throw this.failure
  }

  #of(task: number): FakeTask {
    return this.all.get(task) ?? { state: 'waiting', attempt: 0, printed: '' }
  }

  #tell(told: Told): void {
    this.#told.push(told)
    this.#bell.ring()
  }
}

describe('followLogs', () => {
  let master: FakeMaster
  let printed: Map<number, string>
  let outcome: string
  let stopping: AbortController
  /** What a sink waits for before it takes more. */
  let taking: () => Promise<void>

  beforeEach(() => {
    master = new FakeMaster()
    printed = new Map()
    outcome = 'follows'
    stopping = new AbortController()
    taking = () => Promise.resolve()
  })

  afterEach(() => stopping.abort())

  function sinkOf(task: number): TaskSink {
    const add = (text: string): void => void printed.set(task, (printed.get(task) ?? '') + text)
    return {
      write: async (_stream, bytes) => {
        await taking()
        add(Buffer.from(bytes).toString())
      },
      again: (_stream, attempt) => add(`|${attempt}|`),
      end: ({ state }) => {
        add(`(${state})`)
        return Promise.resolve()
      }
    }
  }

  async function follow(more: Partial<FollowInit> = {}): Promise<void> {
    const { signal } = stopping
    const init = { jobs: master, job: JOB, isMeant: () => true, meant: undefined, sinkOf, signal }
    followLogs({ ...init, ...more }).then(
      () => (outcome = 'ended'),
      (error: unknown) => (outcome = String(error))
    )
    await quiet()
  }

  /** All that is to be printed was. */
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await settle()
  }

  const text = (task = 1): string => printed.get(task) ?? ''

  it('prints what comes, then the rest of what is recorded: no gap, and nothing twice', async () => {
    master.starts(1)
    await follow()
    master.prints(1, 'abcdefg')
    await quiet()
    expect(text()).to.equal('abcdefg')
    master.all.get(1)!.printed += 'hijklmnop'
    master.ends(1)
    await quiet()
    expect(text()).to.equal('abcdefghijklmnop(finished)')
    expect(outcome).to.equal('follows')
    master.jobEnds()
    await quiet()
    expect(outcome).to.equal('ended')
  })

  it('prints what had ended before, and what starts later', async () => {
    master.starts(1, 2)
    master.prints(1, 'first')
    master.ends(1, 'failed')
    await follow()
    expect(text()).to.equal('first(failed)')
    master.starts(3)
    master.prints(3, 'third')
    await quiet()
    expect(text(3)).to.equal('third')
  })

  it('says where a new attempt begins, and takes nothing of the earlier one for it', async () => {
    master.starts(1)
    await follow()
    master.prints(1, 'abc')
    await quiet()
    master.isLost(1)
    await quiet()
    master.starts(1)
    master.prints(1, 'ABCDE')
    await quiet()
    expect(text()).to.equal('abc|2|ABCDE')
    master.isLost(1)
    await quiet()
    // The third one is so short that it is never seen while it runs.
    Object.assign(master.all.get(1)!, { attempt: 3, printed: 'xyz' })
    master.ends(1)
    await quiet()
    expect(text()).to.equal('abc|2|ABCDE|3|xyz(finished)')
  })

  it('ends a task that never ran', async () => {
    await follow()
    master.ends(1, 'canceled')
    master.jobEnds()
    await quiet()
    expect(text()).to.equal('(canceled)')
    expect(outcome).to.equal('ended')
  })

  it('follows no more than there is room for, and keeps none waiting that has ended', async () => {
    const many = Array.from({ length: FOLLOWED_MAX + 5 }, (_, at) => at + 1)
    master.starts(...many)
    await follow()
    for (const task of many) master.prints(task, `${task}`)
    await quiet()
    expect(master.followed.size).to.equal(FOLLOWED_MAX)
    const last = many.length
    expect(text(FOLLOWED_MAX)).to.equal(`${FOLLOWED_MAX}`)
    expect(text(last)).to.equal('')
    master.ends(last)
    await quiet()
    expect(text(last)).to.equal(`${last}(finished)`)
    for (const task of many.slice(0, -1)) master.ends(task)
    master.jobEnds()
    await quiet()
    expect(many.map((task) => text(task))).to.deep.equal(many.map((task) => `${task}(finished)`))
    expect(outcome).to.equal('ended')
  })

  it('prints only what is meant, and ends with it', async () => {
    master.starts(1, 2, 3)
    await follow({ isMeant: (task) => task > 1, meant: 2 })
    for (const task of [1, 2, 3]) master.prints(task, 'x')
    master.ends(3)
    await quiet()
    expect(outcome).to.equal('follows')
    master.ends(2)
    await quiet()
    expect(outcome).to.equal('ended')
    expect([...printed.keys()].sort()).to.deep.equal([2, 3])
  })

  it('takes no more than its sink does', async () => {
    const taken = Promise.withResolvers<undefined>()
    taking = () => taken.promise
    master.starts(1)
    await follow()
    master.prints(1, 'abcdef')
    master.ends(1)
    master.jobEnds()
    await quiet()
    expect(text()).to.equal('')
    taken.resolve(undefined)
    await quiet()
    expect(text()).to.equal('abcdef(finished)')
    expect(outcome).to.equal('ended')
  })

  it('fails with the master, with its sink, and with its signal, at once', async () => {
    master.starts(1, 2)
    await follow()
    master.fails(new Error('the node ended'))
    await quiet()
    expect(outcome).to.equal('Error: the node ended')
    master = new FakeMaster()
    master.starts(1, 2)
    taking = () => Promise.reject(new Error('the disk is full'))
    await follow()
    master.prints(1, 'x')
    await quiet()
    expect(outcome).to.equal('Error: the disk is full')
    master = new FakeMaster()
    master.starts(1)
    await follow()
    stopping.abort(new Error('enough'))
    await quiet()
    expect(outcome).to.equal('Error: enough')
  })
})
