/**
 * Patience with a master of this home that is away: it was killed, and somebody starts it again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { operatingErrorOf } from '../core/errors.ts'
import type { Millis } from '../core/types.ts'
import { monotonicNow } from './clock.ts'

const AGAIN_MS = { least: 50, most: 1_000 }

/** What waiting needs of time: tests have their own. */
export interface PatienceClock {
  now(): Millis
  /** Resolves after so long; rejects when it is aborted. */
  sleep(ms: Millis, signal: AbortSignal): Promise<void>
}

const realClock: PatienceClock = {
  now: monotonicNow,
  sleep: async (ms, signal) => await delay(ms, undefined, { signal })
}

export interface PatienceInit {
  /** How long it may be away. */
  readonly awayMaxMs: Millis
  /** Ends waiting, with its reason. */
  readonly signal: AbortSignal
  readonly onAway: () => void
  readonly onBack: () => void
}

/** Does the work, again from its beginning whenever the master went away under it. */
export async function patiently<Value>(
  { awayMaxMs, signal, onAway, onBack }: PatienceInit,
  work: (onReached: () => void) => Promise<Value>,
  clock = realClock
): Promise<Value> {
  let awaySince: Millis | undefined
  let wait = AGAIN_MS.least
  const onReached = (): void => {
    if (awaySince !== undefined) onBack()
    awaySince = undefined
    wait = AGAIN_MS.least
  }
  for (;;) {
    try {
      return await work(onReached)
    } catch (error) {
      if (signal.aborted || !isAway(error)) throw error
      if (awaySince === undefined) onAway()
      awaySince ??= clock.now()
      if (clock.now() - awaySince >= awayMaxMs) throw error
    }
    await clock.sleep(wait, signal).catch(() => signal.throwIfAborted())
    wait = Math.min(AGAIN_MS.most, 2 * wait)
  }
}

function isAway(error: unknown): boolean {
  const code = operatingErrorOf(error)?.code
  return code === 'UNREACHABLE' || code === 'NO_DAEMON'
}
