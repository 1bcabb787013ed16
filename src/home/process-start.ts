/**
 * Whether a process that was noted down is still the same one: process ids are used again, but
 * not together with the same time of start.
 */
import { readFileSync } from 'node:fs'
import { toError } from '../core/errors.ts'

/**
 * When the process started, in clock ticks since the machine did; undefined if there is no such
 * process (a zombie is none any more). 0 where the system does not say.
 */
export function processStart(pid: number): number | undefined {
  return process.platform === 'linux' ? startTicks(pid) : isThere(pid) ? 0 : undefined
}

function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[0], fields[19]]
    return state === 'Z' || state === 'X' ? undefined : Number(start)
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw toError(error)
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's process: there, but not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
