import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { JobId } from '../../../src/core/types.ts'
import { RemoteFeed } from '../../../src/node/remote-feed.ts'
import type { FedJobs } from '../../../src/node/remote-feed.ts'
import type { JobFeed } from '../../../src/node/remote-jobs.ts'
import { SPEC } from '../../support/machines.ts'

const JOB = 7 as JobId
/** Tasks of one request. */
const REQUEST = 2

type Break = 'before' | 'after'

/** A master whose disk outlives the connections to it. */
class FakeMaster implements FedJobs {
  readonly disk: string[] = []
  readonly calls: string[] = []
  isClosed = false
  /** How the requests to come break, in their turn. */
  breaks: (Break | undefined)[] = []
  /** What taking the job up again is answered by, in its turn. */
  resumes: (Error | undefined)[] = []
  disposed = 0

  submit(): Promise<JobFeed> {
    this.calls.push('submit')
    return Promise.resolve(this.#feed())
  }

  resumeFeed(job: JobId): Promise<JobFeed> {
    this.calls.push(`resume ${job}`)
    const failure = this.resumes.shift()
    if (failure !== undefined) return Promise.reject(failure)
    if (this.isClosed) return Promise.reject(new P2pJobsError('CLOSED', 'has all its tasks'))
    return Promise.resolve(this.#feed())
  }

  /** Writes to disk, unless the connection breaks before; tells, unless it breaks after. */
  #request(write: () => void): void {
    const broken = this.breaks.shift()
    if (broken !== 'before') write()
    if (broken !== undefined) throw gone()
  }

  #feed(): JobFeed {
    const { disk } = this
    const feed = {
      job: JOB,
      tasks: disk.length,
      waiting: disk.length,
      add: async (inputs: readonly Uint8Array[]): Promise<void> => {
        await Promise.resolve()
        for (let from = 0; from < inputs.length; from += REQUEST) {
          const texts = inputs.slice(from, from + REQUEST).map((input) => String(input))
          this.#request(() => disk.push(...texts))
          feed.tasks = feed.waiting = disk.length
        }
      },
      close: async (): Promise<void> => {
        await Promise.resolve()
        this.calls.push('close')
        this.#request(() => (this.isClosed = true))
      },
      [Symbol.asyncDispose]: (): Promise<void> => {
        this.disposed++
        return Promise.resolve()
      }
    }
    return feed as unknown as JobFeed
  }
}

const gone = (): Error => new P2pJobsError('UNREACHABLE', 'the node ended')
const inputs = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text))

describe('remote feed', () => {
  let master: FakeMaster
  let said: string[]
  let ending: AbortController
  beforeEach(() => {
    master = new FakeMaster()
    said = []
    ending = new AbortController()
  })

  const patience = () => ({
    awayMaxMs: 60_000,
    signal: ending.signal,
    onAway: () => said.push('away'),
    onBack: () => said.push('back')
  })

  async function submit(): Promise<RemoteFeed> {
    return await RemoteFeed.submit(master, SPEC, { priority: 0, retries: 0 }, patience())
  }

  it('adds and closes', async () => {
    const feed = await submit()
    await feed.add(inputs('a', 'b', 'c'))
    expect(feed).to.include({ job: JOB, waiting: 3 })
    feed.onDispatched(2)
    expect(feed.waiting).to.equal(1)
    feed.onDispatched(2)
    expect(feed.waiting).to.equal(0)
    await feed.close()
    expect(master).to.deep.include({ disk: ['a', 'b', 'c'], isClosed: true, disposed: 1 })
    expect(said).to.deep.equal([])
  })

  for (const first of ['before', 'after'] as const) {
    for (const second of [undefined, 'before', 'after'] as const) {
      it(`loses and doubles nothing when it breaks ${first}, then ${second ?? 'no more'}`, async () => {
        const feed = await submit()
        await feed.add(inputs('a'))
        // The second of three requests breaks, and then the first of what is sent again.
        master.breaks = [undefined, first, second]
        const added = feed.add(inputs('b', 'c', 'd', 'e', 'f', 'g'))
        // Handed over before the first are acknowledged.
        await Promise.all([added, feed.add(inputs('h'))])
        await feed.close()
        expect(master.disk.join('')).to.equal('abcdefgh')
        expect(master.isClosed).to.equal(true)
        expect(said.slice(0, 2)).to.deep.equal(['away', 'back'])
      })
    }
  }

  it('waits for a master that is not there yet', async () => {
    const feed = await submit()
    master.breaks = ['after']
    master.resumes = [new P2pJobsError('NO_DAEMON', 'none'), gone()]
    await feed.add(inputs('a'))
    expect(master.disk).to.deep.equal(['a'])
    expect(master.calls).to.deep.equal(['submit', ...Array<string>(3).fill(`resume ${JOB}`)])
  })

  it('takes a job for closed that was, although nobody said so', async () => {
    for (const broken of ['before', 'after'] as const) {
      master = new FakeMaster()
      const feed = await submit()
      await feed.add(inputs('a'))
      master.breaks = [broken]
      await feed.close()
      expect(master).to.deep.include({ disk: ['a'], isClosed: true })
      expect(master.calls.filter((call) => call === 'close').length).to.equal(
        broken === 'before' ? 2 : 1
      )
    }
  })

  it('tells what the master refuses, and adds nothing more', async () => {
    const feed = await submit()
    const refusal = new P2pJobsError('CLOSED', 'job 7 was canceled')
    master.breaks = ['before']
    master.resumes = [refusal]
    const failures = await Promise.all(
      ['a', 'b'].map((text) => feed.add(inputs(text)).catch((error: unknown) => error))
    )
    expect(failures).to.deep.equal([refusal, refusal])
    expect(await feed.close().catch((error: unknown) => error)).to.equal(refusal)
    expect(master.disk).to.deep.equal([])
  })

  it('does not open a job twice: nobody knows whether the first one is there', async () => {
    const failing = { submit: () => Promise.reject(gone()), resumeFeed: () => never() }
    const failure = await RemoteFeed.submit(failing, SPEC, { priority: 0, retries: 0 }, patience())
      .then(() => undefined)
      .catch((error: unknown) => error)
    expect(failure).to.have.property('code', 'UNREACHABLE')
  })

  it('ends with its signal', async () => {
    const feed = await submit()
    master.breaks = ['before']
    master.resumes = Array.from({ length: 100 }, gone)
    const added = feed.add(inputs('a')).catch((error: unknown) => error)
    const reason = new Error('enough')
    ending.abort(reason)
    expect(await added).to.be.an('error')
    expect(master.disk).to.deep.equal([])
  })
})

function never(): Promise<JobFeed> {
  return Promise.reject(new Error('not to be called'))
}
