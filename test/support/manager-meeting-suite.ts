/**
 * The same as `manager-suite.ts` for conditions, events and barriers.
 */
import { expect } from 'chai'
import { BrokenBarrierError } from '../../src/index.ts'
import type { Barrier } from '../../src/index.ts'
import { names, SHORT_MS, waits } from './manager-suite.ts'
import type { Two } from './manager-suite.ts'
import { failureOf } from './pool-suite.ts'

/** Defines the tests of conditions, events and barriers. */
export function meetingSuite(two: () => Two): void {
  const name = names('meeting')

  it('Condition test_notify: one at a time, in the order in which they came', async () => {
    const condition = two().one.condition(name())
    const woken: number[] = []
    const sleepers = await sleeping(two(), condition.name, 4, woken)
    for (let count = 1; count <= 4; count++) {
      {
        await using held = await condition.acquire()
        expect(held.fence).to.be.above(0)
        await condition.notify()
      }
      await sleepers[count - 1]!.woken
      expect(woken).to.have.length(count)
    }
  })

  for (const [what, count, expected] of [
    ['notify_n', 2, 2],
    ['notify_all', undefined, 3],
    ['notify_n with more than there are', 10, 3]
  ] as const) {
    it(`Condition test_${what}`, async () => {
      const condition = two().one.condition(name())
      const woken: number[] = []
      const sleepers = await sleeping(two(), condition.name, 3, woken)
      await condition.acquire()
      if (count === undefined) await condition.notifyAll()
      else await condition.notify(count)
      // None of them goes on before the lock is free.
      expect(woken).to.deep.equal([])
      await condition.release()
      await Promise.all(sleepers.slice(0, expected).map((each) => each.woken))
      await waits(two().one)
      await waits(two().two)
      expect(woken).to.have.length(expected)
      await condition.acquire()
      await condition.notifyAll()
      await condition.release()
      await Promise.all(sleepers.map((each) => each.woken))
    })
  }

  it('Condition test_timeout, test_wait_result, and the lock is held again', async () => {
    const condition = two().one.condition(name())
    await using held = await condition.acquire()
    const { fence } = held
    expect(await condition.wait({ timeoutMs: SHORT_MS })).to.equal(false)
    expect(held.fence).to.be.above(fence)
    expect(await condition.locked()).to.equal(true)
    const abort = new AbortController()
    const wait = failureOf(condition.wait({ signal: abort.signal }))
    await waits(two().one)
    abort.abort(new Error('enough'))
    expect((await wait).message).to.equal('enough')
    expect(await two().two.condition(condition.name).acquire({ timeoutMs: 0 })).to.equal(undefined)
  })

  it('Condition test_unacquired_wait, test_unacquired_notify', async () => {
    const condition = two().one.condition(name())
    for (const work of [condition.wait(), condition.notify(), condition.notifyAll()]) {
      const problem = await failureOf(work)
      expect(problem).to.include({ code: 'NOT_HELD' })
      expect(problem.message).to.match(/cannot be (notified|waited for), as its lock is not held/)
    }
    await two().two.condition(condition.name).acquire()
    expect(await failureOf(condition.wait())).to.include({ code: 'NOT_HELD' })
  })

  it('Condition test_waitfor', async () => {
    const state = two().one.value(name(), 0)
    const condition = two().one.condition(name())
    const waiting = (async () => {
      await using held = await condition.acquire()
      expect(held.fence).to.be.above(0)
      return await condition.waitFor(async () => (await state.get()) === 4)
    })()
    const other = two().two.condition(condition.name)
    for (let count = 0; count < 4; count++) {
      await using held = await other.acquire()
      expect(held.fence).to.be.above(0)
      await two()
        .two.value(state.name, 0)
        .update((value) => value + 1)
      await other.notify()
    }
    expect(await waiting).to.equal(true)
  })

  it('Condition test_waitfor_timeout', async () => {
    const condition = two().one.condition(name())
    await using held = await condition.acquire()
    expect(held.fence).to.be.above(0)
    expect(await condition.waitFor(() => false, { timeoutMs: SHORT_MS })).to.equal(false)
  })

  it('Event test_event, test_is_set, test_notify, test_timeout, test_set_and_clear', async () => {
    const event = two().one.event(name())
    const other = two().two.event(event.name)
    expect(await other.isSet()).to.equal(false)
    expect(await other.wait({ timeoutMs: 0 })).to.equal(false)
    expect(await other.wait({ timeoutMs: SHORT_MS })).to.equal(false)
    const waiting = [other.wait(), other.wait(), event.wait()]
    await waits(two().one)
    await waits(two().two)
    await event.set()
    // Who has waited when it was set has been woken, though it is clear again.
    await event.clear()
    expect(await Promise.all(waiting)).to.deep.equal([true, true, true])
    expect(await other.isSet()).to.equal(false)
    await other.set()
    expect([await event.wait({ timeoutMs: 0 }), await event.isSet()]).to.deep.equal([true, true])
  })

  describe('barrier', () => {
    const PARTIES = 4

    /** As many as there are parties, from both programs. */
    function parties(
      init: { timeoutMs?: number; action?: () => unknown } = {},
      called = name()
    ): Barrier[] {
      const options = { parties: PARTIES, ...init }
      return Array.from({ length: PARTIES }, (_, at) =>
        (at % 2 === 0 ? two().one : two().two).barrier(called, options)
      )
    }

    const waitAll = async (barriers: readonly Barrier[]): Promise<number[]> =>
      await Promise.all(barriers.map((barrier) => barrier.wait()))

    it('test_barrier, test_wait_return, test_thousand', async () => {
      const barriers = parties()
      for (let pass = 0; pass < 50; pass++) {
        expect((await waitAll(barriers)).sort()).to.deep.equal([0, 1, 2, 3])
      }
      expect([await barriers[0]!.nWaiting(), await barriers[1]!.broken()]).to.deep.equal([0, false])
      expect(await barriers[0]!.parties()).to.equal(PARTIES)
    })

    it('test_action: once each time, before anybody goes on', async () => {
      let calls = 0
      const barriers = parties({ action: () => calls++ })
      for (let pass = 1; pass <= 5; pass++) {
        await Promise.all(
          barriers.map(async (barrier) => {
            await barrier.wait()
            expect(calls).to.equal(pass)
          })
        )
      }
    })

    it('an action that throws breaks it, and throws where it was called', async () => {
      const action = (): never => {
        throw new RangeError('of the action')
      }
      const barriers = parties({ action })
      const problems = await Promise.all(barriers.map((barrier) => failureOf(barrier.wait())))
      expect(problems.filter(({ name }) => name === 'RangeError')).to.have.length(1)
      const broken = problems.filter((problem) => problem instanceof BrokenBarrierError)
      expect(broken).to.have.length(PARTIES - 1)
      expect(await barriers[0]!.broken()).to.equal(true)
    })

    it('test_abort', async () => {
      const barriers = parties()
      const waiting = barriers.slice(1).map((barrier) => failureOf(barrier.wait()))
      await waits(two().one)
      await waits(two().two)
      expect(await barriers[0]!.nWaiting()).to.equal(PARTIES - 1)
      await barriers[0]!.abort()
      for (const problem of [...waiting, failureOf(barriers[0]!.wait())]) {
        expect(await problem).to.be.an.instanceOf(BrokenBarrierError)
      }
      expect(await barriers[1]!.broken()).to.equal(true)
    })

    it('test_reset, test_abort_and_reset', async () => {
      const barriers = parties()
      for (const isAborted of [false, true]) {
        const waiting = barriers.slice(1).map((barrier) => failureOf(barrier.wait()))
        await waits(two().one)
        await waits(two().two)
        if (isAborted) await barriers[0]!.abort()
        await barriers[0]!.reset()
        for (const problem of await Promise.all(waiting)) {
          expect(problem).to.be.an.instanceOf(BrokenBarrierError)
        }
        expect((await waitAll(barriers)).sort()).to.deep.equal([0, 1, 2, 3])
      }
    })

    it('test_timeout, test_default_timeout', async () => {
      const [first, second] = parties()
      const other = failureOf(second!.wait())
      await waits(two().two)
      const late = first!.wait({ timeoutMs: SHORT_MS })
      expect(await failureOf(late)).to.be.an.instanceOf(BrokenBarrierError)
      expect(await other).to.be.an.instanceOf(BrokenBarrierError)
      const [hasty] = parties({ timeoutMs: SHORT_MS })
      expect(await failureOf(hasty!.wait())).to.be.an.instanceOf(BrokenBarrierError)
    })

    it('test_single_thread', async () => {
      const barrier = two().one.barrier(name(), { parties: 1 })
      expect([await barrier.wait(), await barrier.wait()]).to.deep.equal([0, 0])
      expect(() => two().one.barrier(name(), { parties: 0 })).to.throw(/from 1 to 65536/)
    })
  })
}

/** So many who wait for a condition, one after the other. */
async function sleeping(
  programs: Two,
  name: string,
  count: number,
  woken: number[]
): Promise<{ woken: Promise<void> }[]> {
  const sleepers = []
  for (let number = 0; number < count; number++) {
    sleepers.push(await sleeper(programs, name, number, woken))
  }
  return sleepers
}

/** Somebody of one of the programs who waits for a condition. */
async function sleeper(
  { one, two }: Two,
  name: string,
  number: number,
  woken: number[]
): Promise<{ woken: Promise<void> }> {
  const program = number % 2 === 0 ? one : two
  // Each has a program's object of its own: what it holds is its own.
  const condition = program.condition(name)
  const held = await condition.acquire()
  const waiting = (async () => {
    expect(await condition.wait()).to.equal(true)
    woken.push(number)
    await held.release()
  })()
  await waits(program)
  return { woken: waiting }
}
