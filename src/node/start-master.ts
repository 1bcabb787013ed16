/**
 * Starts the master of a node: in memory, or rebuilt from its journal, with the outputs that
 * belong to it.
 */
import { dirname } from 'node:path'
import { memoryForBlobs } from '../core/budget.ts'
import { KEEP_DURABLE_MS, KEEP_EPHEMERAL_MS } from '../core/limits.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { BlobRef, Millis } from '../core/types.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { makeFolder } from '../home/home.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { DurableJobs } from './durable-jobs.ts'
import { machineMemory } from './machine.ts'
import { MasterRole } from './master-role.ts'

/** Where a master keeps its jobs over its restarts. */
export interface DurablePlaces {
  /** The journal's file. */
  readonly journal: string
  /** A folder for outputs too large for it. */
  readonly blobs: string
}

/** What a node keeps on disk: outputs, and of a durable master the journal that refers to them. */
export interface Stores {
  readonly blobs: BlobStore
  readonly journal: Journal | undefined
}

/** Throws BAD_HOME, JOURNAL_FAILED, JOURNAL_NEWER. `scratch`: an existing folder that goes with the process. */
export async function openStores(
  durable: DurablePlaces | undefined,
  scratch: string
): Promise<Stores> {
  if (durable === undefined) {
    const blobs = new BlobStore(scratch, { memoryBytesMax: memoryForBlobs(machineMemory()) })
    return { blobs, journal: undefined }
  }
  for (const folder of [durable.blobs, dirname(durable.journal)]) makeFolder(folder)
  const journal = await openJournal(durable.journal)
  try {
    const blobs = await BlobStore.openDurable(durable.blobs, journal.blobs())
    return { blobs, journal }
  } catch (error) {
    await journal.close()
    throw error
  }
}

export interface MasterInit {
  readonly boot: string
  readonly leaseMs: Millis
  readonly onNotice: (notice: MasterNotice) => void
  readonly onProblem: (text: string, isPassing?: boolean) => void
}

export interface StartedMaster {
  readonly master: MasterRole
  /** Of a durable master. */
  readonly jobs: DurableJobs | undefined
}

/** Throws JOURNAL_FAILED when what is written there cannot be read. */
export async function startMaster(
  { journal, blobs }: Stores,
  { boot, leaseMs, onNotice, onProblem }: MasterInit
): Promise<StartedMaster> {
  const seed = Math.floor(Math.random() * 2 ** 32)
  if (journal === undefined) {
    const config = { leaseMs, keepMs: KEEP_EPHEMERAL_MS, isDurable: false, seed }
    const master = new MasterRole({ config, epoch: boot, blobs, onNotice, onProblem })
    return { master, jobs: undefined }
  }
  const config = { leaseMs, keepMs: KEEP_DURABLE_MS, isDurable: true, seed }
  let jobs: DurableJobs | undefined = undefined
  const tell = (notice: MasterNotice): void => {
    onNotice(notice)
    if (jobs !== undefined) jobs.onNotice(notice)
  }
  const { epoch } = journal
  const init = { config, epoch, journal, blobs, onNotice: tell, onProblem }
  const master = await MasterRole.restore(init)
  const release = async (refs: readonly BlobRef[]): Promise<void> => {
    for (const { blob } of refs) await blobs.release(blob)
  }
  jobs = new DurableJobs({ journal, master, release, onProblem })
  return { master, jobs }
}
