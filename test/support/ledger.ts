/**
 * The sum of a master's records, in memory: what a journal on disk has to give back, in a few lines
 * that are easy to believe.
 */
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
import type { JobId, Payload } from '../../src/core/types.ts'

interface LedgerJob {
  readonly spec: Spec
  readonly options: JobOptions
  isOpen: boolean
  hasEnded: boolean
  lastTask: number
  readonly ended: Record<EndState, number>
  readonly tasks: Map<number, { readonly input: Payload; lease: SavedLease | undefined }>
}

const NOTHING_WRONG: SetbackCounters = {
  ...{ failures: 0, crashes: 0, losses: 0, refusals: 0 },
  ...{ isReportDue: true, countsLoss: false, avoids: [] }
}

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
        const before = known.lease?.counters ?? NOTHING_WRONG
        const counters = { ...before, isReportDue: true, countsLoss: false }
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
        if (known !== undefined) known.lease = { attempt, worker, isHeld: false, counters }
        return
      }
      case 'adopted': {
        const known = job.tasks.get(record.task)
        const { attempt, worker, counters } = record
        if (known !== undefined) known.lease = { attempt, worker, isHeld: true, counters }
        return
      }
      case 'settled':
        if (job.tasks.delete(record.task)) job.ended[record.state]++
        return
      case 'ended':
        job.hasEnded = true
    }
  }

  /** What a master is rebuilt from. */
  *saved(): Generator<Saved> {
    yield { type: 'last-job', job: this.#lastJob }
    for (const [job, { spec, options, isOpen, hasEnded, lastTask, ended }] of this.#jobs) {
      if (!hasEnded) yield { type: 'job', job, spec, options, isOpen, lastTask, ended }
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

function newJob({ spec, options }: Extract<JournalRecord, { type: 'submitted' }>): LedgerJob {
  const ended = { finished: 0, failed: 0, canceled: 0, aborted: 0 }
  const state = { isOpen: true, hasEnded: false, lastTask: 0 }
  return { spec, options, ...state, ended, tasks: new Map() }
}
