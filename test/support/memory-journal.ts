/**
 * A journal in memory: what was committed outlives the master, as on a disk. It can be told to
 * fail, and to be full.
 */
import { P2pJobsError } from '../../src/core/errors.ts'
import type { JournalRecord, Saved, SavedEnd } from '../../src/core/master/journal.ts'
import type { BlobRef, JobId } from '../../src/core/types.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { Ledger } from './ledger.ts'

type Kept = Pick<Journal, 'epoch' | 'refusal' | 'load' | 'commit' | 'ends' | 'forget' | 'prune'>

export class MemoryJournal implements Kept {
  readonly epoch = 'epoch'
  readonly records: JournalRecord[] = []
  readonly forgotten: JobId[] = []
  isFull = false
  isFailing = false

  refusal(): Error | undefined {
    return this.isFull ? new P2pJobsError('JOURNAL_FULL', 'the disk is nearly full') : undefined
  }

  async *load(): AsyncGenerator<readonly Saved[]> {
    const ledger = new Ledger()
    for (const record of this.records) ledger.add(record)
    yield await Promise.resolve([...ledger.saved()])
  }

  commit(records: readonly JournalRecord[]): Promise<void> {
    if (this.isFailing) return Promise.reject(new P2pJobsError('JOURNAL_FAILED', 'no disk'))
    this.records.push(...records)
    return Promise.resolve()
  }

  ends(jobs: readonly JobId[]): Promise<readonly SavedEnd[]> {
    const ends: SavedEnd[] = []
    for (const record of this.records) {
      if (record.type !== 'ended' || !jobs.includes(record.job)) continue
      ends.push({ type: 'end', job: record.job, counts: record.counts })
    }
    return Promise.resolve(ends)
  }

  forget(jobs: readonly JobId[]): Promise<readonly BlobRef[]> {
    this.forgotten.push(...jobs)
    return Promise.resolve([])
  }

  prune(): Promise<readonly BlobRef[]> {
    return Promise.resolve([])
  }
}
