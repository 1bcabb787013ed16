/** A manager's objects inside tasks, in the processes of a pool on this machine's own cores. */
import { expect } from 'chai'
import { Manager, Pool, Process } from '../../src/index.ts'
import * as functions from '../support/manager-functions.ts'
import { failureOf } from '../support/pool-suite.ts'
import { useProcessHome } from '../support/process-home.ts'

describe('manager, from inside tasks', function () {
  this.timeout(60_000)
  useProcessHome()
  let manager: Manager
  let pool: Pool

  before(async () => {
    manager = await Manager.start({ name: 'shared', local: true })
    pool = await Pool.open({ local: true, processes: 2, onWarning: () => undefined })
  })

  after(async () => {
    pool.terminate()
    await pool.join()
    await manager.close()
  })

  it('a counter under a lock is right, and fences rise', async () => {
    const lock = manager.lock('count')
    const counter = manager.value('counter', 0)
    const calls = Array.from({ length: 60 }, () => [lock, counter] as [typeof lock, typeof counter])
    const fences = await pool.starmap(functions.increment, calls, 5)
    expect(await counter.get()).to.equal(60)
    expect(new Set(fences).size).to.equal(60)
    expect(await lock.locked()).to.equal(false)
  })

  it('objects of several kinds, made as they were here, and shared among arguments', async () => {
    manager.register('adder', () => ({ add: (a: number, b: number) => a + b }))
    const lock = manager.lock('of condition')
    const condition = manager.condition('condition', { lock })
    const adder = manager.object<functions.Adder>('adder')
    const permits = manager.semaphore('permits', 3)
    const value = manager.value('initial', 'first')
    const said = await pool.apply(functions.useMany, [[condition, lock], permits, adder, value])
    expect(said).to.deep.equal([true, 3, 5, 'first'])
  })

  it('what a task dies with in its hands is free at once', async () => {
    const fence = await pool.apply(functions.dieHolding, [manager.lock('deadly')])
    // Nobody else has had it between the two tries.
    expect(fence).to.be.above(1)
    expect(await manager.lock('deadly').locked()).to.equal(false)
  })

  it('the end of a task releases what it holds, and nothing that another holds', async () => {
    const [mine, its] = [manager.lock('mine'), manager.lock('its')]
    await using held = await mine.acquire()
    await pool.map(functions.keep, [its, its, its, its], 1)
    await using again = await its.acquire()
    expect(again.fence).to.equal(5)
    expect(await mine.locked()).to.equal(true)
    expect(held.fence).to.equal(1)
  })

  it('a task that is canceled while it waits leaves no waiter', async () => {
    const [started, lock] = [manager.event('started'), manager.lock('canceled')]
    const held = await lock.acquire()
    const abort = new AbortController()
    const call = pool.apply(functions.waitFor, [started, lock], { signal: abort.signal })
    await started.wait()
    abort.abort()
    expect((await failureOf(call)).name).to.equal('AbortError')
    // Who comes after it gets the lock: it is not handed to who has gone.
    const next = pool.apply(functions.keep, [lock])
    await held.release()
    expect(await next).to.be.above(held.fence)
    await using last = await lock.acquire()
    expect(last.fence).to.be.above(0)
  })

  it('a signal inside a task ends a wait', async () => {
    const queue = manager.queue<number>('never')
    expect(await pool.apply(functions.abortedWait, [queue])).to.equal('TimeoutError')
    await queue.put(1)
    expect(await queue.get()).to.equal(1)
  })

  it('what an initializer is given is there for all tasks, as in Python', async () => {
    const queue = manager.queue<number>('kept')
    await using other = await Pool.open({
      ...{ local: true, processes: 2, onWarning: () => undefined },
      ...{ initializer: functions.keepQueue, initargs: [queue] }
    })
    await other.map(functions.putKept, [1, 2, 3, 4, 5, 6], 1)
    expect((await queue.getMany(10)).sort()).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('a Process, and values larger than a frame', async () => {
    const queue = manager.queue<Uint8Array>('big')
    expect(await pool.apply(functions.bigItem, [queue])).to.equal(3_000_000)
    const lock = manager.lock('of process')
    const process = new Process({ target: functions.keep, args: [lock] })
    await process.start()
    await process.join()
    expect(process.exitcode).to.equal(0)
    expect((await lock.acquire()).fence).to.equal(2)
  })

  it('a result cannot have one, nor can an item: what to do is said', async () => {
    const lock = manager.lock('returned')
    const error = await failureOf(pool.apply(functions.giveBack, [lock]))
    expect(error).to.include({ code: 'BAD_VALUE' })
    expect(error.message).to.include("result.lock is the lock 'returned' of the manager 'shared'")
    const put = await failureOf(manager.queue('items').put(lock))
    expect(put).to.include({ code: 'BAD_VALUE' })
  })

  it('without its manager, a task is told so with what to do', async () => {
    const other = await Manager.start({ name: 'elsewhere', local: true })
    const lock = other.lock('lock')
    await other.close()
    expect(await pool.apply(functions.errorCode, [lock])).to.equal('NOT_SERVED')
  })
})
