/**
 * Journals in folders of their own, and records to write into them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobOptions } from '../../src/core/job.ts'
import type { JournalRecord, Saved, SetbackCounters } from '../../src/core/master/journal.ts'
import type { Result } from '../../src/core/result.ts'
import type { EndState } from '../../src/core/task.ts'
import type { JobId, NodeId, Payload } from '../../src/core/types.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/sqlite-journal.ts'
import { aResult, SPEC } from './machines.ts'

export const WORKER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp' as NodeId

export const noWrongs = {
  ...{ failures: 0, crashes: 0, losses: 0, refusals: 0 },
  ...{ isReportDue: true, countsLoss: false, avoids: [] as NodeId[] }
}

/** What a test opens; `end` closes and removes it. */
export class Journals {
  readonly #folders: string[] = []
  readonly #opened: Journal[] = []

  /** A place for a journal, in a folder that is not there yet. */
  path(): string {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-journal-'))
    this.#folders.push(folder)
    return join(folder, 'data', 'journal.sqlite')
  }

  async open(path = this.path()): Promise<Journal> {
    const journal = await openJournal(path)
    this.#opened.push(journal)
    return journal
  }

  async end(): Promise<void> {
    for (const journal of this.#opened.splice(0)) await journal.close()
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  }
}

export async function savedBy(journal: Pick<Journal, 'load'>): Promise<Saved[]> {
  const all: Saved[] = []
  for await (const piece of journal.load()) all.push(...piece)
  return all
}

/** What a master would be rebuilt from, told by its sum: pieces joined, ends in order. */
export function sumOf(saved: Iterable<Saved>): unknown {
  const all = [...saved]
  const tasks = new Map<JobId, unknown[]>()
  for (const each of all) {
    if (each.type !== 'tasks' || each.tasks.length === 0) continue
    tasks.set(each.job, [...(tasks.get(each.job) ?? []), ...each.tasks])
  }
  return {
    lastJob: all.filter(({ type }) => type === 'last-job'),
    jobs: all.filter(({ type }) => type === 'job'),
    ends: all.filter((each) => each.type === 'end').sort((a, b) => a.job - b.job),
    tasks: [...tasks]
  }
}

// --- records

export function job(number: number): JobId {
  return number as JobId
}

export function submitted(id = 1, options: Partial<JobOptions> = {}): JournalRecord {
  const all = { priority: 0, retries: 0, ...options }
  return { type: 'submitted', job: job(id), spec: SPEC, options: all }
}

export function added(id: number, first: number, inputs: readonly Payload[]): JournalRecord {
  return { type: 'added', job: job(id), first, inputs }
}

export function closed(id = 1): JournalRecord {
  return { type: 'closed', job: job(id) }
}

export function leased(id: number, tasks: readonly number[], attempt = 1): JournalRecord {
  const attempts = tasks.map((task) => ({ job: job(id), task, attempt }))
  return { type: 'leased', worker: WORKER, attempts }
}

export function setback(
  id: number,
  task: number,
  attempt = 1,
  reason = 'it failed',
  counters: Partial<SetbackCounters> = {}
): JournalRecord {
  const all = { ...noWrongs, ...counters }
  return { type: 'setback', job: job(id), task, attempt, worker: WORKER, reason, counters: all }
}

export function settled(
  id: number,
  task: number,
  state: EndState = 'finished',
  more: Partial<Result> = {},
  attempt = 1
): JournalRecord {
  const result = { ...aResult(state === 'finished' ? 'success' : 'failure'), ...more }
  return { type: 'settled', job: job(id), task, attempt, state, worker: WORKER, result }
}

export function ended(id = 1, counts: Partial<Record<EndState, number>> = {}): JournalRecord {
  const none = { waiting: 0, leased: 0, running: 0, retrying: 0 }
  const all = { ...none, finished: 0, failed: 0, canceled: 0, aborted: 0, ...counts }
  return { type: 'ended', job: job(id), counts: all }
}

export function inputs(count: number, bytes = 8): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => new Uint8Array(bytes).fill(at))
}
