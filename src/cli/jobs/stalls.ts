/**
 * Says why nothing of a job runs, once nothing has for a while: who waits wants to know for what.
 */
import { operatingErrorOf } from '../../core/errors.ts'
import type { JobId } from '../../core/types.ts'
import { realClock } from '../membership.ts'
import type { Clock } from '../membership.ts'
import { escapeText } from '../output.ts'
import type { Publication } from './publish.ts'

/** Nothing runs for so long before it is worth a line. */
const STALL_MS = 5_000
/** Nothing is wrong: something is under way, or there is nothing to run. */
const WELL: ReadonlySet<string> = new Set(['under-way', 'no-tasks', 'not-here', 'ended'])

interface Reason {
  readonly code: string
  readonly text: string
}

export interface StallsInit {
  readonly publication: Pick<Publication, 'job' | 'running' | 'tally'>
  /** Why the job does not run now. */
  readonly reasonsOf: (job: JobId) => Promise<readonly Reason[]>
  /** A line for people. */
  readonly say: (text: string) => void
}

/**
 * Says it once, and again only when the reason has become another one; until it is aborted. Does
 * not keep the process alive.
 */
export async function tellStalls(
  init: StallsInit,
  signal: AbortSignal,
  clock: Pick<Clock, 'sleep'> = realClock
): Promise<void> {
  const { publication, say } = init
  let told = ''
  let before = endedOf(publication)
  for (;;) {
    await clock.sleep(STALL_MS, signal)
    if (signal.aborted) return
    const ended = endedOf(publication)
    const isBusy = publication.running > 0 || ended > before
    before = ended
    const reasons = isBusy ? [] : await whyStalled(init, signal)
    const key = reasons.map(({ code }) => code).join(' ')
    if (key === '' || key === told) continue
    told = key
    say(`nothing runs: ${reasons.map(({ text }) => escapeText(text)).join('; ')}`)
  }
}

/** Empty when nothing is wrong. */
async function whyStalled(
  { publication, reasonsOf }: StallsInit,
  signal: AbortSignal
): Promise<readonly Reason[]> {
  const { job } = publication
  if (job === undefined) return []
  try {
    const reasons = await reasonsOf(job)
    return signal.aborted || reasons.some(({ code }) => WELL.has(code)) ? [] : reasons
  } catch (error) {
    // That the master is away is told by whoever follows the job.
    if (operatingErrorOf(error) === undefined) throw error
    return []
  }
}

function endedOf({ tally }: StallsInit['publication']): number {
  return tally.finished + tally.failed + tally.canceled
}
