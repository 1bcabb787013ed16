/** Waiting for what no event tells of. */
import { setTimeout } from 'node:timers/promises'

const UNTIL_MS = 20_000
const POLL_MS = 10

/** Waits until `isTrue`, at most 20 s. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + UNTIL_MS
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await setTimeout(POLL_MS)
  }
}
