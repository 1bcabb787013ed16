/**
 * Reads what an earlier process has kept.
 */
import { P2pJobsError } from '../core/errors.ts'
import { keyOf, newEntry, refsOf } from './entry.ts'
import type { Entry, FileOf } from './entry.ts'
import type { KeptBlobs } from './kept-blobs.ts'
import { RecordLog } from './record-log.ts'
import type { Place } from './record-log.ts'
import { decodeRecord } from './records.ts'
import type { SpoolRecord } from './records.ts'

export interface Loaded {
  readonly log: RecordLog
  /** By their keys, those written last behind the others. */
  readonly entries: Map<string, Entry>
  /** Something that was kept is lost. */
  readonly isDamaged: boolean
}

/** Opens the file of results; what is damaged, or lacks a blob, is passed over. */
export async function load(path: string, blobs: KeptBlobs): Promise<Loaded> {
  const entries = new Map<string, Entry>()
  const fileOf: FileOf = (blob) => blobs.pathOf(blob)
  let lost = 0
  const opened = await RecordLog.open(path, (bytes, place) => {
    const record = recordOf(bytes)
    if (record === undefined) lost++
    else apply(entries, record, place, fileOf)
  })
  for (const [key, entry] of entries) {
    if (await recallBlobs(entry, blobs)) continue
    entries.delete(key)
    lost++
  }
  await blobs.removeOthers()
  return { log: opened.log, entries, isDamaged: opened.isDamaged || lost > 0 }
}

function recordOf(bytes: Uint8Array): SpoolRecord | undefined {
  try {
    return decodeRecord(bytes)
  } catch (error) {
    if (error instanceof P2pJobsError) return undefined
    throw error
  }
}

function apply(
  entries: Map<string, Entry>,
  record: SpoolRecord,
  place: Place,
  fileOf: FileOf
): void {
  if (record.type === 'gone') {
    for (const ref of record.attempts) entries.delete(keyOf(record.master, ref))
    return
  }
  const { master, epoch, keepMs, report, keptAt } = record
  const key = keyOf(master, report)
  entries.delete(key)
  entries.set(key, { ...newEntry({ master, epoch, keepMs }, report, keptAt, fileOf), place })
}

/** False when the bytes of one are not here. */
async function recallBlobs(entry: Entry, blobs: KeptBlobs): Promise<boolean> {
  for (const ref of refsOf(entry.report)) {
    if (!(await blobs.recall(ref))) {
      for (const recalled of entry.blobs) blobs.release(recalled)
      return false
    }
    entry.blobs.push(ref)
  }
  return true
}
