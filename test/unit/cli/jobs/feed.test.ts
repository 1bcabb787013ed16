import { expect } from 'chai'
import { Feed } from '../../../../src/cli/jobs/feed.ts'
import { JOB, settle, TestMaster } from './support.ts'

describe('Feed', () => {
  let master: TestMaster
  let unprinted: number
  let feed: Feed

  beforeEach(() => {
    master = new TestMaster()
    unprinted = 0
    feed = new Feed(master, JOB, () => unprinted)
  })

  function inputs(count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, at) => Buffer.from(`${at + 1}`))
  }

  /** Inputs that come when a test says so; it never ends by itself. */
  function slowSource(): { source: AsyncIterable<Uint8Array>; give: (text: string) => void } {
    const given: Uint8Array[] = []
    let wake: () => void = () => undefined
    async function* source(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const next = given.shift()
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else yield next
      }
    }
    const give = (text: string): void => {
      given.push(Buffer.from(text))
      wake()
    }
    return { source: source(), give }
  }

  /** How many inputs the master was given. */
  const addedCount = (): number =>
    master.calls
      .filter((call) => call.startsWith('add '))
      .join(' ')
      .split(' ')
      .filter((word) => word !== 'add' && word !== '').length

  it('adds every input, numbered from 1, and closes the job', async () => {
    await feed.run(inputs(3))
    expect(master.calls).to.deep.equal(['add 1 2 3', 'close'])
    expect(feed).to.include({ total: 3, isComplete: true })
    expect([...feed.inputs].map(([task, input]) => `${task}: ${String(input)}`)).to.deep.equal([
      '1: 1',
      '2: 2',
      '3: 3'
    ])
  })

  it('closes a job without inputs', async () => {
    await feed.run([])
    expect(master.calls).to.deep.equal(['close'])
  })

  it('hands over many at a time, and every one', async () => {
    await feed.run(inputs(1_000))
    expect(addedCount()).to.equal(1_000)
    expect(master.calls.length).to.be.below(10)
  })

  it('lets no input wait for the next one, even while others wait', async () => {
    const { source, give } = slowSource()
    void feed.run(source)
    master.state.waitingTasks = 5
    give('one')
    await settle()
    give('two')
    give('three')
    await settle()
    expect(master.calls).to.deep.equal(['add one', 'add two three'])
  })

  it('reads on only while there is room at the master', async () => {
    master.state.waitingTasks = 10_000
    let done = false
    const run = feed.run(inputs(2_000)).then(() => (done = true))
    await settle()
    const before = addedCount()
    expect(before).to.be.below(300)
    feed.onProgress()
    await settle()
    expect(addedCount()).to.equal(before)
    master.state.waitingTasks = 9_999
    feed.onProgress()
    await run
    expect({ done, added: addedCount() }).to.deep.equal({ done: true, added: 2_000 })
  })

  it('reads on only while results are printed', async () => {
    unprinted = 100_000
    const run = feed.run(inputs(2_000))
    await settle()
    expect(addedCount()).to.be.below(300)
    unprinted = 0
    feed.onProgress()
    await run
    expect(addedCount()).to.equal(2_000)
  })

  it('can be stopped while its source has nothing', async () => {
    const { source, give } = slowSource()
    const run = feed.run(source)
    give('one')
    await settle()
    feed.stop()
    await run
    give('late')
    await settle()
    expect(master.calls).to.deep.equal(['add one'])
    expect(feed.isComplete).to.equal(false)
  })

  it('can be stopped while there is no room', async () => {
    master.state.waitingTasks = 10_000
    const run = feed.run(inputs(10))
    await settle()
    feed.stop()
    await run
    expect(master.calls).to.deep.equal(['add 1'])
  })

  it('rejects when its source fails, and leaves the job open', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one')
      await Promise.resolve()
      throw new Error('the disk is gone')
    }
    const failure: unknown = await feed.run(source()).catch((error: unknown) => error)
    expect(failure).to.have.property('message', 'the disk is gone')
    expect(master.calls).to.not.include('close')
  })

  describe('that is to finish', () => {
    it('adds all that is at hand, whether there is room or not, and closes the job', async () => {
      master.state.waitingTasks = 1_000_000
      const run = feed.run(inputs(1_000))
      await settle()
      expect(addedCount()).to.be.below(1_000)
      await feed.finish()
      await run
      expect(addedCount()).to.equal(1_000)
      expect(master.calls.filter((call) => call === 'close')).to.have.length(1)
      expect(feed.isComplete).to.equal(true)
    })

    it('reads a source that may wait for ever no further', async () => {
      const { source, give } = slowSource()
      const run = feed.run(source)
      give('one')
      await settle()
      await feed.finish()
      await run
      give('two')
      await settle()
      expect(master.calls).to.deep.equal(['add one', 'close'])
      expect(feed).to.include({ total: 1, isComplete: false })
    })

    it('leaves a job as it is that was stopped, or is complete', async () => {
      await feed.run(inputs(1))
      await feed.finish()
      expect(master.calls).to.deep.equal(['add 1', 'close'])
      const stopped = new Feed((master = new TestMaster()), JOB, () => 0)
      void stopped.run(slowSource().source)
      stopped.stop()
      await stopped.finish()
      expect(master.calls).to.deep.equal([])
    })

    it('tells what the master does not take', async () => {
      const full = new Error('full')
      const failing = { ...master.state }
      const slow = new Feed(
        { add: () => Promise.reject(full), close: () => undefined, state: failing },
        JOB,
        () => 0
      )
      const run = slow.run(inputs(3)).catch((error: unknown) => error)
      expect(await slow.finish().catch((error: unknown) => error)).to.equal(full)
      expect(await run).to.equal(full)
    })
  })
})
