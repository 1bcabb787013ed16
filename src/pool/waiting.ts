/**
 * Waiting for something, but not for ever.
 */
import { check, waitingTime } from '../core/checks.ts'

/**
 * Whether what is waited for came in time; undefined and Infinity are as long as it takes. Rejects
 * with USAGE for what is no time to wait for.
 */
export async function comesWithin(
  work: Promise<unknown>,
  timeoutMs: number | undefined
): Promise<boolean> {
  check('timeoutMs', timeoutMs, waitingTime)
  const came = work.then(() => true)
  if (timeoutMs === undefined || timeoutMs === Infinity) return await came
  const timeout = Promise.withResolvers<false>()
  const timer = setTimeout(() => timeout.resolve(false), timeoutMs)
  try {
    return await Promise.race([came, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
