/**
 * Functions that use a manager's objects, for tests: a module of their own, as they are sent.
 */
import { task, taskContext } from '../../src/index.ts'
import type { Condition, Event, Lock, Proxied, Queue, Semaphore, Value } from '../../src/index.ts'

/** Wrong without the lock: what it reads is old by the time it writes. */
export const increment = task(
  import.meta,
  async function increment(lock: Lock, counter: Value<number>) {
    await using held = await lock.acquire()
    const count = await counter.get()
    await counter.set(count + 1)
    return held.fence
  }
)

/** Dies with the lock in its hands, the first time. */
export const dieHolding = task(import.meta, async function dieHolding(lock: Lock) {
  const held = await lock.acquire()
  if (taskContext().attempt === 1) process.kill(process.pid, 'SIGKILL')
  return held.fence
})

/** Ends without a release. */
export const keep = task(import.meta, async function keep(lock: Lock) {
  return (await lock.acquire()).fence
})

export const waitFor = task(import.meta, async function waitFor(started: Event, lock: Lock) {
  await started.set()
  await lock.acquire()
})

/** Tells why its wait ended. */
export const abortedWait = task(import.meta, async function abortedWait(queue: Queue) {
  try {
    await queue.get({ signal: AbortSignal.timeout(20) })
    return 'got'
  } catch (error) {
    return (error as Error).name
  }
})

let kept: Queue<number> | undefined

export const keepQueue = task(import.meta, function keepQueue(queue: Queue<number>) {
  kept = queue
})

/** By what the initializer was given, as in Python. */
export const putKept = task(import.meta, async function putKept(item: number) {
  await kept?.put(item)
})

export interface Adder {
  add(a: number, b: number): number
}

export const useMany = task(
  import.meta,
  async function useMany(
    [condition, lock]: [Condition, Lock],
    permits: Semaphore,
    adder: Proxied<Adder>,
    initial: Value<string>
  ) {
    const held = await condition.acquire()
    const isLocked = await lock.locked()
    await held.release()
    return [isLocked, await permits.getValue(), await adder.add(2, 3), await initial.get()]
  }
)

export const errorCode = task(import.meta, async function errorCode(lock: Lock) {
  return await lock.acquire({ timeoutMs: 0 }).then(
    () => 'none',
    (error: unknown) => (error as { code: string }).code
  )
})

export const bigItem = task(import.meta, async function bigItem(queue: Queue<Uint8Array>) {
  await queue.put(new Uint8Array(3_000_000).fill(7))
  return (await queue.get()).length
})

export const giveBack = task(import.meta, function giveBack(lock: Lock) {
  return { lock }
})
