/**
 * Which results are to outlive this process.
 *
 * Only those for a durable master: any other one will not come back for them. To run a short task
 * again costs less than a write, so its result is written only when it is not accepted soon, or when
 * nobody is there to accept it.
 */
import type { Report } from '../messages.ts'
import { KEEP_WORTH_MS } from '../limits.ts'
import type { Millis } from '../types.ts'
import type { Held, MasterView } from './master-view.ts'
import type { WorkerState } from './state.ts'

/** To be called when runs have ended: their results go to disk now, or when they are due. */
export function keepEnded(
  state: WorkerState,
  view: MasterView,
  ended: readonly Held[],
  now: Millis
): void {
  if (!view.isDurable) return
  const isAlone = !view.isSettled || state.isDraining
  const worthy: Held[] = []
  for (const held of ended) {
    if (!hasWorked(held)) continue
    if (isAlone || (held.result?.runtimeMs ?? 0) >= KEEP_WORTH_MS) worthy.push(held)
    else view.unkept.add(held)
  }
  // Not moved when the first of them is accepted: a timer that changes with every task costs more.
  if (view.unkept.size > 0) view.keepAt = Math.min(view.keepAt, now + KEEP_WORTH_MS)
  keep(state, view, worthy)
}

/** Keeps what has waited for long enough to be accepted. */
export function keepDue(state: WorkerState, view: MasterView, now: Millis): void {
  const due: Held[] = []
  view.keepAt = Infinity
  for (const held of view.unkept) {
    if (held.endedAt + KEEP_WORTH_MS > now) {
      view.keepAt = held.endedAt + KEEP_WORTH_MS
      break
    }
    due.push(held)
  }
  keep(state, view, due)
}

/** Keeps everything: nobody is there to accept it, or soon nobody will be here. */
export function keepAll(state: WorkerState, view: MasterView): void {
  view.keepAt = Infinity
  keep(state, view, [...view.unkept])
}

/** What was not done need not be done again. */
function hasWorked({ result }: Held): boolean {
  return result !== undefined && result.outcome !== 'returned' && result.outcome !== 'refused'
}

function keep(state: WorkerState, view: MasterView, worthy: readonly Held[]): void {
  const reports: Report[] = []
  for (const held of worthy) {
    view.unkept.delete(held)
    if (held.result !== undefined) reports.push({ ...held.ref, result: held.result })
  }
  if (reports.length === 0) return
  const { id: master, epoch, keepMs } = view
  state.push({ type: 'keep', master, epoch, keepMs, reports })
}
