import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import type { WorkerSummary } from '../../../src/core/job-views.ts'
import type { Member, MemberStatus } from '../../../src/core/members/events.ts'
import { adviseIfAlone, waitForWorkers, waitForWorkersOf } from '../../../src/cli/membership.ts'
import type { Clock, Company } from '../../../src/cli/membership.ts'
import { aMember } from './support.ts'

/** A clock whose sleeps are over at once; `onSleep` is what happens meanwhile. */
class TestClock implements Clock {
  time = 0
  readonly #onSleep: () => void

  constructor(onSleep: () => void = () => undefined) {
    this.#onSleep = onSleep
  }

  now(): number {
    return this.time
  }

  sleep(ms: number): Promise<void> {
    this.time += ms
    this.#onSleep()
    return Promise.resolve()
  }
}

/** A node with these members. */
function company(members: readonly Member[]): Company {
  return { network: { members } as Company['network'] }
}

describe('adviseIfAlone', () => {
  async function advice(
    members: readonly Member[],
    counts?: (member: Readonly<Member>) => boolean
  ): Promise<{ said: string[]; after: number }> {
    const said: string[] = []
    const clock = new TestClock()
    await adviseIfAlone(company(members), (text) => said.push(text), counts, clock)
    return { said, after: clock.time }
  }

  it('says after five seconds what to check, once', async () => {
    const { said, after } = await advice([])
    expect(after).to.equal(5_000)
    expect(said).to.have.length(1)
    for (const hint of ['same token', 'same LAN', 'firewall', 'UDP 5353', '--join']) {
      expect(said[0]).to.include(hint)
    }
  })

  it('says nothing when somebody was met', async () => {
    for (const status of ['alive', 'left', 'failed'] as const) {
      expect((await advice([aMember({ status })])).said).to.deep.equal([])
    }
  })

  it('does not take somebody for company who was only seen, or does not count', async () => {
    expect((await advice([aMember({ status: 'known' })])).said).to.have.length(1)
    const others = (await advice([aMember({})], ({ info }) => info?.isWorker === false)).said
    expect(others).to.have.length(1)
  })

  it('takes a node without a network for alone', async () => {
    const said: string[] = []
    await adviseIfAlone(
      { network: undefined },
      (text) => said.push(text),
      undefined,
      new TestClock()
    )
    expect(said).to.have.length(1)
  })
})

describe('waitForWorkers', () => {
  const running = new AbortController().signal

  function statuses(...all: MemberStatus[]): Member[] {
    return all.map((status) => aMember({ status }))
  }

  it('waits for nobody when nobody is asked for', async () => {
    const clock = new TestClock()
    await waitForWorkers(company([]), 0, running, clock)
    expect(clock.time).to.equal(0)
  })

  it('waits until enough are there at the same time', async () => {
    const members = statuses('alive', 'left', 'failed', 'known')
    const clock = new TestClock(() => {
      if (clock.time >= 30_000 && members.length === 4) members.push(...statuses('alive'))
    })
    await waitForWorkers(company(members), 2, running, clock)
    expect(clock.time).to.be.within(30_000, 30_100)
  })

  it('counts only those who run tasks', async () => {
    const members = [aMember({ isWorker: false })]
    const clock = new TestClock(() => members.push(aMember({})))
    await waitForWorkers(company(members), 1, running, clock)
    expect(members).to.have.length(2)
  })

  it('gives up after a minute, and says what is missing', async () => {
    const clock = new TestClock()
    const failure: unknown = await waitForWorkers(
      company(statuses('alive')),
      3,
      running,
      clock
    ).catch((error: unknown) => error)
    expect(operatingErrorOf(failure)).to.have.property('code', 'UNREACHABLE')
    expect(failure)
      .to.have.property('message')
      .that.matches(/^--min-workers 3: only 1 came within 60 s; .*`p2pjobs node`/)
    expect(clock.time).to.be.within(60_000, 60_100)
  })

  it('ends at once when it is stopped', async () => {
    const stopping = new AbortController()
    const clock = new TestClock(() => stopping.abort())
    await waitForWorkers(company([]), 1, stopping.signal, clock)
    expect(clock.time).to.be.below(1_000)
  })
})

describe('waitForWorkersOf', () => {
  const running = new AbortController().signal
  const worker = { name: 'lab', slots: 2, isConnected: true } as WorkerSummary

  /** A master node with these workers, which notes how often it was asked. */
  function jobsWith(workers: readonly WorkerSummary[]) {
    const state = { asked: 0 }
    const all = async function* (): AsyncGenerator<WorkerSummary, void, undefined> {
      state.asked++
      await Promise.resolve()
      yield* workers
    }
    return { state, workers: all }
  }

  it('does not ask when nobody is waited for', async () => {
    const jobs = jobsWith([])
    await waitForWorkersOf(jobs, 0, running, new TestClock())
    expect(jobs.state.asked).to.equal(0)
  })

  it('counts those that are connected and run tasks', async () => {
    const workers = [worker, { ...worker, isConnected: false }, { ...worker, slots: 0 }]
    const clock = new TestClock(() => {
      if (clock.time >= 1_000 && workers.length === 3) workers.push(worker)
    })
    await waitForWorkersOf(jobsWith(workers), 2, running, clock)
    expect(clock.time).to.be.within(1_000, 1_100)
  })

  it('gives up after a minute, and ends at once when it is stopped', async () => {
    const failure: unknown = await waitForWorkersOf(
      jobsWith([worker]),
      2,
      running,
      new TestClock()
    ).catch((error: unknown) => error)
    expect(operatingErrorOf(failure)).to.have.property('code', 'UNREACHABLE')
    const stopping = new AbortController()
    const clock = new TestClock(() => stopping.abort())
    await waitForWorkersOf(jobsWith([]), 1, stopping.signal, clock)
    expect(clock.time).to.be.below(1_000)
  })
})
