/**
 * Results of an earlier run of this worker: reported as if it had not ended in between.
 */
import { HELD_TASKS_MAX, JOBS_MAX, KEEP_DURABLE_MS } from '../limits.ts'
import type { JobId, Millis } from '../types.ts'
import type { KeptReport, WorkerEvent } from './events.ts'
import { HeldJob } from './master-view.ts'
import type { Held, MasterView } from './master-view.ts'
import { conclude, drop } from './runs.ts'
import { viewFor } from './sessions.ts'
import type { WorkerState } from './state.ts'

type Restored = Extract<WorkerEvent, { type: 'restored' }>

/** Takes over what an earlier run has kept for a master; what is too old or too much is dropped. */
export function onRestored(state: WorkerState, event: Restored, now: Millis): void {
  const { master, epoch, reports } = event
  if (reports.length === 0) return
  const view = viewFor(state, master, epoch)
  if (view !== undefined) {
    view.keepMs = Math.min(event.keepMs, KEEP_DURABLE_MS)
    // The master was there when the youngest of them was made, or later.
    view.lostAt = now - reports.reduce((youngest, { ageMs }) => Math.min(youngest, ageMs), Infinity)
  }
  for (const report of reports) {
    if (view !== undefined && take(state, view, report)) continue
    const { job, task, attempt, result } = report
    state.push({ type: 'release', master, job, task, attempt, result })
  }
  if (view?.heldTasks === 0) state.masters.delete(master)
}

/** Holds a result again; false when it is not to be. */
function take(state: WorkerState, view: MasterView, report: KeptReport): boolean {
  if (report.ageMs >= view.keepMs || view.heldTasks >= 2 * HELD_TASKS_MAX) return false
  const job = jobFor(view, report.job)
  const old = job?.held.get(report.task)
  if (job === undefined || (old !== undefined && old.ref.attempt >= report.attempt)) return false
  if (old !== undefined) drop(state, old)
  view.jobs.set(job.id, job)
  const held = endedHeld(state, view, job, report)
  job.held.set(report.task, held)
  conclude(held, report.result)
  return true
}

function jobFor(view: MasterView, id: JobId): HeldJob | undefined {
  const known = view.jobs.get(id)
  if (known !== undefined || view.jobs.size >= JOBS_MAX) return known
  const job = new HeldJob(id, undefined)
  view.jobs.set(id, job)
  return job
}

function endedHeld(
  state: WorkerState,
  view: MasterView,
  job: HeldJob,
  { task, attempt }: KeptReport
): Held {
  return {
    view,
    job,
    ref: { job: job.id, task, attempt },
    input: new Uint8Array(0),
    order: state.nextOrder++,
    arrivedAt: state.nextRun,
    state: 'ended',
    // A number of its own, of a run that has begun and is over.
    run: state.nextRun++,
    kind: undefined,
    isAhead: false,
    isRecalled: false,
    stopping: undefined,
    result: undefined,
    endedAt: 0,
    reportedAt: 0
  }
}
