/**
 * A client that holds and waits for something of each kind, and what has to become of all that when
 * it is lost.
 */
import { expect } from 'chai'
import { BrokenBarrierError, Full } from '../../src/index.ts'
import type { Held, Manager } from '../../src/index.ts'
import { waits } from './manager-suite.ts'
import { failureOf } from './pool-suite.ts'

export interface Doomed {
  readonly held: Held
  /** Its waits. */
  readonly waiting: readonly Promise<unknown>[]
}

/** What the others put before. */
export async function prepare(manager: Manager): Promise<void> {
  await manager.queue('leased').putMany(['a', 'b', 'c'])
  await manager.queue('full', { maxsize: 1 }).put('first')
  await manager.semaphore('semaphore', 1).getValue()
  await manager.lock('busy').acquire()
}

/** Resolves once all is held and waited for. */
export async function holdAndWait(manager: Manager): Promise<Doomed> {
  const held = await manager.lock('lock').acquire()
  await manager.rlock('rlock').acquire()
  await manager.semaphore('semaphore').acquire()
  await manager.queue('leased').leaseMany(2)
  const condition = manager.condition('condition')
  await condition.acquire()
  const waiting = [
    condition.wait(),
    manager.barrier('barrier', { parties: 3 }).wait(),
    manager.queue('empty').get(),
    manager.queue('full').put('of the lost'),
    manager.event('event').wait(),
    manager.lock('busy').acquire()
  ]
  // What becomes of them is nobody's business here unless somebody looks.
  for (const wait of waiting) wait.catch(() => undefined)
  await waits(manager)
  return { held, waiting }
}

/** What is held and waited for while the client is still there. Resolves to what to do when it is lost. */
export async function beforeLoss(manager: Manager): Promise<() => Promise<void>> {
  const lock = manager.lock('lock').acquire()
  const rlock = manager.rlock('rlock').acquire()
  const permit = manager.semaphore('semaphore').acquire()
  const party = failureOf(manager.barrier('barrier', { parties: 3 }).wait())
  expect(await waits(manager, lock, rlock, permit, party)).to.equal(true)
  return async () => {
    expect((await lock).fence).to.equal(2)
    await rlock
    await permit
    expect(await party).to.be.an.instanceOf(BrokenBarrierError)
    const leased = manager.queue<string>('leased')
    // What it had on lease is the first in the queue again.
    expect(await leased.getMany(3)).to.deep.equal(['a', 'b', 'c'])
    // What it waited to put, or to take, is not put or taken any more.
    const full = manager.queue<string>('full')
    expect([await full.get(), await full.empty()]).to.deep.equal(['first', true])
    await full.put('second')
    expect(await failureOf(full.putNowait('third'))).to.be.an.instanceOf(Full)
    await manager.queue('empty').put('x')
    expect(await manager.queue('empty').getNowait()).to.equal('x')
    // A notification wakes one who lives: nobody here.
    const condition = manager.condition('condition')
    await using held = await condition.acquire()
    await condition.notifyAll()
    expect(await condition.wait({ timeoutMs: 0 })).to.equal(false)
    expect(held.fence).to.be.above(1)
  }
}
