/**
 * The sum of a master's records, in memory: what a journal on disk has to give back, in a few lines
 * that are easy to believe.
 */
import { RUN_TIMES_RESTORED_MAX } from '../../src/core/limits.ts'
import type { JobOptions } from '../../src/core/job.ts'
import type {
  JournalRecord,
  Saved,
  SavedEnd,
  SavedLease,
  SetbackCounters
} from '../../src/core/master/journal.ts'
import type { Spec } from '../../src/core/spec.ts'
import type { EndState } from '../../src/core/task.ts'
import type { JobId, Millis, Payload } from '../../src/core/types.ts'

interface LedgerJob {
  readonly spec: Spec
  readonly options: JobOptions
  isOpen: boolean
  hasEnded: boolean
  lastTask: number
  readonly ended: Record<EndState, number>
  /** Of tasks that finished, the last one first. */
  readonly runTimes: Millis[]
  readonly tasks: Map<number, { readonly input: Payload; lease: SavedLease | undefined }>
}

const NOTHING_WRONG: SetbackCounters = {
  ...{ failures: 0, crashes: 0, losses: 0, refusals: 0 },
  ...{ isReportDue: true, countsLoss: false, avoids: [] }
}

const NEW_LEASE = { isReportDue: true, countsLoss: false }

export class Ledger {
  readonly #jobs = new Map<JobId, LedgerJob>()
  #lastJob: JobId | 0 = 0

  add(record: JournalRecord): void {
    if (record.type === 'submitted') {
      this.#lastJob = Math.max(this.#lastJob, record.job) as JobId
      this.#jobs.set(record.job, newJob(record))
      return
    }
    if (record.type === 'leased') {
      for (const { job, task, attempt } of record.attempts) {
        const known = this.#jobs.get(job)?.tasks.get(task)
        if (known === undefined) continue
        const counters = { ...(known.lease?.counters ?? NOTHING_WRONG), ...NEW_LEASE }
        delete counters.lastAttempt
        known.lease = { attempt, worker: record.worker, isHeld: true, counters }
      }
      return
    }
    const job = this.#jobs.get(record.job)
    if (job === undefined) return
    switch (record.type) {
      case 'added':
        for (const [at, input] of record.inputs.entries()) {
          job.tasks.set(record.first + at, { input, lease: undefined })
        }
        job.lastTask = record.first + record.inputs.length - 1
        return
      case 'closed':
        job.isOpen = false
        return
      case 'setback': {
        const known = job.tasks.get(record.task)
        const { attempt, worker, counters } = record
        if (known === undefined || isOlder(record, known.lease)) return
        known.lease = { attempt, worker, isHeld: false, counters }
        return
      }
      case 'adopted': {
        const known = job.tasks.get(record.task)
        const { attempt, worker, counters } = record
        if (known !== undefined) known.lease = { attempt, worker, isHeld: true, counters }
        return
      }
      case 'settled':
        if (!job.tasks.delete(record.task)) return
        job.ended[record.state]++
        if (record.state === 'finished') job.runTimes.unshift(record.result.runtimeMs)
        return
      case 'ended':
        job.hasEnded = true
    }
  }

  /** What a master is rebuilt from. */
  *saved(): Generator<Saved> {
    yield { type: 'last-job', job: this.#lastJob }
    for (const [job, { spec, options, isOpen, hasEnded, lastTask, ...made }] of this.#jobs) {
      if (hasEnded) continue
      const runTimes = made.runTimes.slice(0, RUN_TIMES_RESTORED_MAX)
      const saved = {
        type: 'job',
        job,
        spec,
        options,
        isOpen,
        lastTask,
        ended: made.ended
      } as const
      yield options.hedge === true ? { ...saved, runTimes } : saved
    }
    yield* this.#ends()
    for (const [job, { tasks, hasEnded }] of this.#jobs) {
      if (hasEnded) continue
      const all = [...tasks].map(([task, { input, lease }]) => ({ task, input, lease }))
      yield { type: 'tasks', job, tasks: all }
    }
  }

  /** Of the jobs that have ended and that others wait for. */
  *#ends(): Generator<SavedEnd> {
    const awaited = new Set<JobId>()
    for (const { hasEnded, options } of this.#jobs.values()) {
      if (!hasEnded) for (const { job } of options.after ?? []) awaited.add(job)
    }
    for (const id of awaited) {
      const job = this.#jobs.get(id)
      if (job?.hasEnded === true) yield { type: 'end', job: id, counts: { ...job.ended } }
    }
  }
}

/** The record is of an attempt that is not the last: nobody is to remember it after a restart. */
function isOlder(
  { attempt, counters }: Extract<JournalRecord, { type: 'setback' }>,
  lease: SavedLease | undefined
): boolean {
  const known = lease?.counters.lastAttempt ?? lease?.attempt ?? 0
  return (counters.lastAttempt ?? attempt) < known
}

function newJob({ spec, options }: Extract<JournalRecord, { type: 'submitted' }>): LedgerJob {
  const ended = { finished: 0, failed: 0, canceled: 0, aborted: 0 }
  const state = { isOpen: true, hasEnded: false, lastTask: 0 }
  return { spec, options, ...state, ended, runTimes: [], tasks: new Map() }
}
