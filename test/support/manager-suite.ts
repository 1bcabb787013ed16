/**
 * What CPython's own tests ask of shared objects (`_test_multiprocessing.py`, `lock_tests.py`,
 * `test_queue.py`), under their names, for a manager that two programs use. Both may be the same.
 *
 * Nothing sleeps: calls of one program are carried out in their order, so whoever has been answered
 * after a call knows that this one waits.
 */
import { expect } from 'chai'
import { Empty, Full } from '../../src/index.ts'
import type { Manager } from '../../src/index.ts'
import { failureOf } from './pool-suite.ts'

/** Long enough to be waited for, short enough to wait for. */
export const SHORT_MS = 20

export interface Two {
  /** The program that serves; it may be one of the others. */
  readonly server: Manager
  readonly one: Manager
  readonly two: Manager
}

/** The calls made before by this program have been carried out, and this one waits. */
export async function waits(program: Manager, ...works: Promise<unknown>[]): Promise<boolean> {
  await program.event('suite.sync').isSet()
  const ended = works.map((work) =>
    work.then(
      () => true,
      () => true
    )
  )
  return !(await Promise.race([...ended, Promise.resolve(false)]))
}

/** Defines the tests of queues. */
export function queueSuite(two: () => Two): void {
  const name = names('queue')

  it('test_put', async () => {
    const queue = two().one.queue(name(), { maxsize: 6 })
    const other = two().two.queue(queue.name)
    await queue.put(1)
    await queue.put(2, { timeoutMs: 0 })
    await queue.putNowait(3)
    await queue.putMany([4, 5, 6])
    expect([await other.full(), await other.qsize()]).to.deep.equal([true, 6])
    expect(await failureOf(queue.putNowait(7))).to.be.an.instanceOf(Full)
    expect(await failureOf(queue.put(7, { timeoutMs: SHORT_MS }))).to.be.an.instanceOf(Full)
    expect(await failureOf(queue.put(7, { timeoutMs: -1 }))).to.be.an.instanceOf(Full)
    const late = queue.put(7)
    expect(await waits(two().one, late)).to.equal(true)
    const all = await Promise.all(Array.from({ length: 7 }, () => other.get()))
    expect(all).to.deep.equal([1, 2, 3, 4, 5, 6, 7])
    await late
    expect([await queue.full(), await queue.empty()]).to.deep.equal([false, true])
  })

  it('test_get', async () => {
    const queue = two().one.queue(name())
    const other = two().two.queue(queue.name)
    expect(await other.empty()).to.equal(true)
    const early = other.get()
    expect(await waits(two().two, early)).to.equal(true)
    await queue.putMany([1, 2, 3])
    expect([await early, await other.get({ timeoutMs: 0 }), await other.getNowait()]).to.deep.equal(
      [1, 2, 3]
    )
    expect(await failureOf(other.getNowait())).to.be.an.instanceOf(Empty)
    expect(await failureOf(other.get({ timeoutMs: SHORT_MS }))).to.be.an.instanceOf(Empty)
    expect(await failureOf(other.get({ timeoutMs: -1 }))).to.be.an.instanceOf(Empty)
  })

  it('test_qsize', async () => {
    const queue = two().one.queue(name())
    const sizes: number[] = []
    for (const step of [
      () => queue.put(1),
      () => queue.put(5),
      () => queue.get(),
      () => queue.get()
    ]) {
      await step()
      sizes.push(await two().two.queue(queue.name).qsize())
    }
    expect(sizes).to.deep.equal([1, 2, 1, 0])
  })

  it('test_task_done, test_queue_join', async () => {
    const queue = two().one.joinableQueue<number>(name())
    const other = two().two.joinableQueue<number>(queue.name)
    await queue.join()
    await queue.putMany([0, 1, 2, 3])
    const joined = queue.join()
    for (let count = 0; count < 3; count++) {
      await other.get()
      await other.taskDone()
    }
    expect(await waits(two().one, joined)).to.equal(true)
    expect(await failureOf(queue.join({ timeoutMs: SHORT_MS }))).to.include({ code: 'TIMEOUT' })
    expect(await failureOf(queue.join({ timeoutMs: 0 }))).to.include({ code: 'TIMEOUT' })
    const leased = await other.get({ lease: true })
    await leased.ack()
    await joined
    const problem = await failureOf(queue.taskDone())
    expect(problem).to.include({ code: 'NOT_HELD' })
    expect(problem.message).to.match(/was told taskDone\(\) more often than items were put/)
  })

  it('test_queue_feeder_donot_stop_onexc: what cannot be sent is not put, and others are', async () => {
    const queue = two().one.queue(name())
    expect(await failureOf(queue.put(() => 1))).to.include({ code: 'BAD_VALUE' })
    expect(await failureOf(queue.putMany([1, () => 1]))).to.include({ code: 'BAD_VALUE' })
    await queue.put(true)
    expect([await queue.get(), await queue.empty()]).to.deep.equal([true, true])
  })

  it('first come, first served, whichever program', async () => {
    const queue = two().one.queue<number>(name())
    const other = two().two.queue<number>(queue.name)
    const gets: Promise<number>[] = []
    for (const [program, end] of [...both(two(), queue, other), ...both(two(), queue, other)]) {
      gets.push(end.get())
      expect(await waits(program, gets.at(-1)!)).to.equal(true)
    }
    await other.putMany([1, 2, 3])
    await queue.put(4)
    expect(await Promise.all(gets)).to.deep.equal([1, 2, 3, 4])
  })

  it('putMany that finds no room says how many are in, in all its parts', async () => {
    const queue = two().one.queue<number>(name(), { maxsize: 5_000 })
    const items = Array.from({ length: 6_000 }, (_, at) => at)
    const error = await failureOf(queue.putMany(items, { timeoutMs: 0 }))
    expect(error).to.include({ code: 'FULL', put: 5_000 })
    expect(await queue.getMany(6_000)).to.deep.equal(items.slice(0, 5_000))
  })

  it('an iterator ends when the queue is deleted, and so does a wait', async () => {
    const queue = two().one.queue<number>(name())
    const seen: number[] = []
    const reading = (async () => {
      for await (const item of queue) seen.push(item)
    })()
    const other = two().two.queue<number>(queue.name)
    await other.putMany([1, 2])
    while (seen.length < 2) await other.qsize()
    const wait = failureOf(queue.get())
    await waits(two().one)
    await two().two.delete(queue.name)
    await reading
    expect(await wait).to.include({ code: 'DELETED' })
    expect(seen).to.deep.equal([1, 2])
  })
}

/** Defines the tests of locks and semaphores. */
export function lockSuite(two: () => Two): void {
  const name = names('lock')

  for (const kind of ['lock', 'rlock'] as const) {
    describe(kind, () => {
      const pair = () => {
        const mine = two().one[kind](name())
        return [mine, two().two[kind](mine.name)] as const
      }

      it('test_acquire_release, test_reacquire', async () => {
        const [lock] = pair()
        for (let count = 0; count < 2; count++) {
          await lock.acquire()
          expect(await lock.locked()).to.equal(true)
          await lock.release()
          expect(await lock.locked()).to.equal(false)
        }
      })

      it('test_try_acquire, test_try_acquire_contended', async () => {
        const [mine] = pair()
        const [, theirs] = [mine, two().two[kind](mine.name)]
        expect(await mine.acquire({ timeoutMs: 0 })).to.not.equal(undefined)
        // The same program's Lock is held like anybody's; an RLock is held by its object.
        expect(await two().one[kind](mine.name).acquire({ timeoutMs: 0 })).to.equal(undefined)
        expect(await theirs.acquire({ timeoutMs: 0 })).to.equal(undefined)
      })

      it('test_acquire_contended: one after the other, in the order in which they came', async () => {
        const [mine, theirs] = pair()
        const third = two().one[kind](mine.name)
        const first = await mine.acquire()
        const second = theirs.acquire()
        expect(await waits(two().two, second)).to.equal(true)
        const last = third.acquire()
        expect(await waits(two().one, last)).to.equal(true)
        await first.release()
        expect((await second).fence).to.be.above(first.fence)
        expect(await waits(two().one, last)).to.equal(true)
        await (await second).release()
        await (await last).release()
      })

      it('test_with: released at the end of the block, also when it throws', async () => {
        const [mine, theirs] = pair()
        const work = async (problem?: Error): Promise<void> => {
          await using held = await mine.acquire()
          expect([held.fence > 0, await theirs.locked()]).to.deep.equal([true, true])
          if (problem !== undefined) throw problem
        }
        await work()
        expect(await theirs.locked()).to.equal(false)
        expect((await failureOf(work(new Error('inside')))).message).to.equal('inside')
        expect(await theirs.locked()).to.equal(false)
      })

      it('test_timeout', async () => {
        const [mine, theirs] = pair()
        const held = await mine.acquire({ timeoutMs: SHORT_MS })
        expect(await theirs.acquire({ timeoutMs: SHORT_MS })).to.equal(undefined)
        expect(await theirs.acquire({ timeoutMs: -1 })).to.equal(undefined)
        await held!.release()
        await (await theirs.acquire({ timeoutMs: SHORT_MS * 1_000 }))!.release()
      })

      it('test_release_unacquired', async () => {
        const [mine] = pair()
        expect(await failureOf(mine.release())).to.include({ code: 'NOT_HELD' })
        const held = await mine.acquire()
        await held.release()
        expect(await failureOf(held.release())).to.include({ code: 'NOT_HELD' })
      })

      it('test_different_thread', async () => {
        const [mine, theirs] = pair()
        await mine.acquire()
        const [outcome] = await Promise.allSettled([theirs.release()])
        // As in Python: anybody may release a Lock, and only its holder an RLock.
        expect(outcome.status).to.equal(kind === 'lock' ? 'fulfilled' : 'rejected')
        expect(await mine.locked()).to.equal(kind === 'rlock')
      })

      it('a signal ends a wait, which takes nothing', async () => {
        const [mine, theirs] = pair()
        const held = await mine.acquire()
        const abort = new AbortController()
        const wait = failureOf(theirs.acquire({ signal: abort.signal }))
        await waits(two().two)
        abort.abort(new Error('enough'))
        expect((await wait).message).to.equal('enough')
        await held.release()
        expect(await mine.locked()).to.equal(false)
        expect((await failureOf(theirs.acquire({ signal: abort.signal }))).message).to.equal(
          'enough'
        )
      })
    })
  }

  it('RLock test_reentrant', async () => {
    const lock = two().one.rlock(name())
    const other = two().two.rlock(lock.name)
    for (let depth = 0; depth < 3; depth++) await lock.acquire()
    const wait = other.acquire()
    await lock.release()
    await lock.release()
    expect(await waits(two().two, wait)).to.equal(true)
    await lock.release()
    await (await wait).release()
    expect(await failureOf(lock.release())).to.include({ code: 'NOT_HELD' })
  })

  it('test_semaphore', async () => {
    const semaphore = two().one.semaphore(name(), 2)
    const other = two().two.semaphore(semaphore.name)
    const values = [await other.getValue()]
    const held = await semaphore.acquire()
    values.push(await other.getValue())
    await other.acquire()
    values.push(await other.getValue())
    expect(await semaphore.acquire({ timeoutMs: 0 })).to.equal(undefined)
    expect(await semaphore.acquire({ timeoutMs: SHORT_MS })).to.equal(undefined)
    await held.release()
    await other.release()
    values.push(await other.getValue())
    await other.release(2)
    values.push(await semaphore.getValue())
    expect(values).to.deep.equal([2, 1, 0, 2, 4])
    expect(await failureOf(held.release())).to.include({ code: 'NOT_HELD' })
  })

  it('test_constructor, test_default_value, test_multirelease', async () => {
    expect(() => two().one.semaphore(name(), -1)).to.throw(/at least 0/)
    const semaphore = two().one.semaphore(name())
    expect(await semaphore.getValue()).to.equal(1)
    const none = two().one.semaphore(name(), 0)
    const acquired = [none.acquire(), two().two.semaphore(none.name).acquire()]
    await waits(two().one)
    await waits(two().two)
    await none.release(2)
    await Promise.all(acquired)
    expect(await failureOf(none.release(0))).to.include({ code: 'USAGE' })
  })

  it('test_bounded_semaphore, test_release_unacquired', async () => {
    const semaphore = two().one.boundedSemaphore(name(), 1)
    expect(await failureOf(semaphore.release())).to.include({ code: 'NOT_HELD' })
    await semaphore.acquire()
    await two().two.boundedSemaphore(semaphore.name).release()
    expect(await failureOf(semaphore.release())).to.include({ code: 'NOT_HELD' })
    expect(await semaphore.getValue()).to.equal(1)
  })
}

/** Names that no other test uses. */
export function names(prefix: string): () => string {
  let count = 0
  return () => `${prefix}.${++count}`
}

function both<End>(
  { one, two }: Two,
  mine: End,
  theirs: End
): readonly (readonly [Manager, End])[] {
  return [
    [one, mine],
    [two, theirs]
  ]
}
