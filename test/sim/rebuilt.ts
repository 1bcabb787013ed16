/**
 * A master that was rebuilt knows what the one knew that died: checked at every restart.
 */
import type { Job } from '../../src/core/job.ts'
import type { MasterState } from '../../src/core/master/state.ts'
import type { Task } from '../../src/core/task.ts'
import { payloadBytes } from '../../src/core/types.ts'
import { Violation } from './checkers.ts'

/** Throws a Violation that names the first difference. */
export function mustEqual(dead: MasterState, rebuilt: MasterState): void {
  compare('jobs', jobsOf(dead), jobsOf(rebuilt))
  compare('next job', dead.nextJob, rebuilt.nextJob)
  for (const job of dead.jobs.values()) {
    if (job.hasEnded) continue
    const other = rebuilt.jobs.get(job.id)
    for (const task of job.tasks.values()) {
      const twin = other?.tasks.get(task.number)
      compare(`task ${job.id}/${task.number}`, storyOf(task), twin && storyOf(twin))
    }
  }
}

function jobsOf(state: MasterState): unknown[] {
  return [...state.jobs.values()].filter(({ hasEnded }) => !hasEnded).map(summaryOf)
}

function summaryOf({ id, isOpen, lastTask, tasks, counts }: Job): unknown[] {
  const { finished, failed, canceled, aborted, leased, running, waiting, retrying } = counts
  const held = leased + running
  // A wait between attempts is not continued.
  return [
    id,
    isOpen,
    lastTask,
    tasks.size,
    finished,
    failed,
    canceled,
    aborted,
    held,
    waiting + retrying
  ]
}

function storyOf(task: Task): unknown[] {
  const { attempt, isReportDue, countsLoss, failures, crashes, losses, refusals } = task
  const isOut = task.isHeld || isReportDue
  const worker = isOut ? task.worker : undefined
  const flags = [task.isHeld, isReportDue, countsLoss]
  return [
    attempt,
    task.lastAttempt,
    worker,
    ...flags,
    failures,
    crashes,
    losses,
    refusals,
    task.avoids,
    payloadBytes(task.input)
  ]
}

function compare(what: string, dead: unknown, rebuilt: unknown): void {
  const [before, after] = [JSON.stringify(dead), JSON.stringify(rebuilt)]
  if (before !== after) throw new Violation(`${what}: was ${before}, is rebuilt as ${after}`)
}
