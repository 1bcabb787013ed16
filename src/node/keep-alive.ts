/**
 * What a node waits for, its helper processes and its timers, does not keep its process alive: a
 * program that has nothing else to do may end. While something has to be finished, this does.
 */

/** Longer than any process lives, and no more than a timer can have. */
const FOR_EVER_MS = 2 ** 30

/** Keeps the process alive until the returned function is called. */
export function keepAlive(): () => void {
  const timer = setInterval(() => undefined, FOR_EVER_MS)
  return () => clearInterval(timer)
}

/** Keeps the process alive until `work` is done, and hands on what comes of it. */
export async function aliveUntil<Value>(work: Promise<Value>): Promise<Value> {
  const letGo = keepAlive()
  try {
    return await work
  } finally {
    letGo()
  }
}
