/**
 * Results of tasks on disk, from when they are worth it until their master has accepted them.
 *
 * What is to be written, and what is not needed any more, is gathered while the disk is busy and
 * goes there together. What cannot be written stays in memory and is tried again; a person is told
 * once. That something is not needed any more may get lost: its master does not want it then.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toError } from '../core/errors.ts'
import { SPOOL_BYTES_MAX } from '../core/limits.ts'
import type { Report } from '../core/messages.ts'
import { inlineBytesOf } from '../core/result.ts'
import type { AttemptRef, BlobRef, NodeId } from '../core/types.ts'
import type { KeptFor, KeptReport } from '../core/worker/events.ts'
import { keyOf, newEntry, refsOf } from './entry.ts'
import type { Entry, FileOf } from './entry.ts'
import { KeptBlobs } from './kept-blobs.ts'
import { load } from './load.ts'
import type { Loaded } from './load.ts'
import type { Place, RecordLog } from './record-log.ts'
import { encodeRecord } from './records.ts'

export interface SpoolInit {
  /** A folder for this only, of one process at a time; it is made if it is not there. */
  readonly folder: string
  /** The most that may be kept, blobs included. */
  readonly bytesMax?: number
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

/** What is kept for one epoch of a master. */
export interface KeptResults extends KeptFor {
  readonly reports: readonly KeptReport[]
}

/** So much goes to the disk at once: making records of it must not hold up the loop for long. */
const BATCH_BYTES = 512 * 1024
const GONE_AT_ONCE = 2_048
/** What a record has beside its payloads, roughly. */
const HEAD_BYTES = 256
/** A shorter file is not worth being written anew. */
const REWRITE_BYTES_MIN = 1024 * 1024
const AGAIN_MS = 2_000
const NOWHERE: Place = { at: 0, bytes: 0 }
const NO_ROOM = 'more of them wait for their masters than there is room for'

export class Spool {
  readonly #init: SpoolInit
  readonly #log: RecordLog
  readonly #blobs: KeptBlobs
  /** What is on disk. */
  readonly #live: Map<string, Entry>
  #liveBytes = 0
  /** What is to go there, what is just going there, and what could not; it is tried again. */
  readonly #pending = new Map<string, Entry>()
  readonly #writing = new Map<string, Entry>()
  readonly #waiting = new Map<string, Entry>()
  /** What was on disk, and it is not written down yet that it is not needed. */
  #gone: Entry[] = []
  #working: Promise<void> | undefined
  #again: NodeJS.Timeout | undefined
  #rewriteAbove = REWRITE_BYTES_MIN
  /** There are records in the file that cannot be read. */
  #isDamaged: boolean
  #isTold = false

  /** Throws what the system does when the folder cannot be used, and BAD_HOME for a later version's. */
  static async open(init: SpoolInit): Promise<Spool> {
    const folder = join(init.folder, 'blobs')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const blobs = new KeptBlobs(folder)
    const spool = new Spool(init, blobs, await load(join(init.folder, 'results.log'), blobs))
    if (spool.#isDamaged) {
      init.onProblem(`some results in ${init.folder} are damaged; their tasks may be run again`)
      spool.#work()
    }
    return spool
  }

  private constructor(init: SpoolInit, blobs: KeptBlobs, loaded: Loaded) {
    this.#init = init
    this.#log = loaded.log
    this.#blobs = blobs
    this.#live = loaded.entries
    this.#isDamaged = loaded.isDamaged
    for (const { place } of this.#live.values()) this.#liveBytes += place?.bytes ?? 0
  }

  /** What is on disk; of a master with two epochs, the one that was written last comes last. */
  get kept(): KeptResults[] {
    const now = Date.now()
    const kept = new Map<string, KeptFor & { reports: KeptReport[] }>()
    for (const { whose, report, keptAt } of this.#live.values()) {
      const key = `${whose.master} ${whose.epoch}`
      const results = kept.get(key) ?? { ...whose, reports: [] }
      kept.set(key, results)
      results.reports.push({ ...report, ageMs: Math.max(0, now - keptAt) })
    }
    return [...kept.values()]
  }

  /** The file of a blob of a kept result, which stays until that is forgotten. */
  pathOf({ blob }: Pick<BlobRef, 'blob'>): string {
    return this.#blobs.pathOf(blob)
  }

  /** Keeps results. The files that `fileOf` tells of stay until the result is forgotten. */
  keep(whose: KeptFor, reports: readonly Report[], fileOf: FileOf): void {
    const keptAt = Date.now()
    for (const report of reports) {
      this.#pending.set(keyOf(whose.master, report), newEntry(whose, report, keptAt, fileOf))
    }
    this.#work()
  }

  /** Nobody needs the result any more, if it is here at all. */
  forget(master: NodeId, ref: AttemptRef): void {
    const key = keyOf(master, ref)
    const writing = this.#writing.get(key)
    if (writing !== undefined) writing.isForgotten = true
    if (this.#pending.delete(key) || this.#waiting.delete(key)) return
    const entry = this.#live.get(key)
    if (entry === undefined) return
    this.#live.delete(key)
    this.#liveBytes -= entry.place?.bytes ?? 0
    this.#bury(entry)
    this.#work()
  }

  /** Resolves when nothing is on its way to the disk: it is there, or could not be. */
  async idle(): Promise<void> {
    await this.#working
  }

  /** Writes what is left to write, as far as that can be. */
  async close(): Promise<void> {
    await this.#working
    this.#tryAgain()
    await this.#working
    clearTimeout(this.#again)
    await this.#log.close()
  }

  /** Works until nothing is left, one batch after the other. */
  #work(): void {
    this.#working ??= this.#workOff().finally(() => (this.#working = undefined))
  }

  async #workOff(): Promise<void> {
    // What comes in the same turn of the loop goes together.
    await Promise.resolve()
    let problem: string | undefined
    do {
      try {
        const hasRoom = await this.#writeBatch(
          this.#takeBatch(),
          this.#gone.splice(0, GONE_AT_ONCE)
        )
        if (!hasRoom) problem = NO_ROOM
        await this.#tidy()
      } catch (error) {
        problem = toError(error).message
      }
    } while (this.#pending.size + this.#gone.length > 0)
    this.#tell(problem)
  }

  #takeBatch(): readonly Entry[] {
    let bytes = 0
    for (const [key, entry] of this.#pending) {
      if (bytes > BATCH_BYTES) break
      bytes += HEAD_BYTES + inlineBytesOf(entry.report.result)
      this.#pending.delete(key)
      this.#writing.set(key, entry)
    }
    return [...this.#writing.values()]
  }

  /** False when there was no room for some of them. */
  async #writeBatch(entries: readonly Entry[], gone: readonly Entry[]): Promise<boolean> {
    if (entries.length + this.#live.size === 0) {
      await this.#log.clear()
      return true
    }
    const records = gone.map(goneRecord)
    const written: Entry[] = []
    let [bytes, hasRoom] = [0, true]
    try {
      for (const entry of entries) {
        const record = keptRecord(entry)
        if (!this.#hasRoom(entry, bytes + record.length)) {
          hasRoom = false
          this.#setAside(entry)
        } else if (await this.#addBlobs(entry)) {
          records.push(record)
          written.push(entry)
          bytes += record.length
        }
      }
      if (written.some(({ blobs }) => blobs.length > 0)) await this.#blobs.sync()
      const places = await this.#log.append(records, written.length > 0)
      for (const [at, place] of places.slice(gone.length).entries())
        this.#settle(written[at], place)
    } catch (error) {
      for (const entry of entries) this.#setAside(entry)
      throw error
    } finally {
      this.#writing.clear()
    }
    return hasRoom
  }

  #hasRoom({ report }: Entry, bytes: number): boolean {
    const { bytesMax = SPOOL_BYTES_MAX } = this.#init
    const blobs = this.#blobs.bytes + this.#blobs.newBytes(refsOf(report))
    return this.#liveBytes + bytes + blobs <= bytesMax
  }

  /** False when it was forgotten meanwhile, and its bytes with it. */
  async #addBlobs(entry: Entry): Promise<boolean> {
    for (const ref of refsOf(entry.report)) {
      try {
        await this.#blobs.add(ref, () => entry.fileOf(ref.blob))
        entry.blobs.push(ref)
      } catch (error) {
        if (!entry.isForgotten) throw error
        this.#releaseBlobs(entry)
        return false
      }
    }
    return true
  }

  #settle(entry: Entry | undefined, place: Place): void {
    if (entry === undefined) return
    entry.place = place
    if (entry.isForgotten) {
      this.#bury(entry)
      return
    }
    this.#live.set(keyOf(entry.whose.master, entry.report), entry)
    this.#liveBytes += place.bytes
  }

  #bury(entry: Entry): void {
    this.#releaseBlobs(entry)
    this.#gone.push(entry)
  }

  #releaseBlobs(entry: Entry): void {
    for (const ref of entry.blobs.splice(0)) this.#blobs.release(ref)
  }

  /** It stays in memory, and is tried again. */
  #setAside(entry: Entry): void {
    this.#releaseBlobs(entry)
    if (entry.isForgotten) return
    this.#waiting.set(keyOf(entry.whose.master, entry.report), entry)
    this.#again ??= setTimeout(() => this.#tryAgain(), AGAIN_MS).unref()
  }

  #tryAgain(): void {
    clearTimeout(this.#again)
    this.#again = undefined
    for (const [key, entry] of this.#waiting) this.#pending.set(key, entry)
    this.#waiting.clear()
    this.#work()
  }

  /** Removes blobs that nobody needs, and dead records once most of the file is. */
  async #tidy(): Promise<void> {
    await this.#blobs.sweep()
    const { bytes } = this.#log
    const isMostlyDead = bytes > this.#rewriteAbove && bytes > 2 * this.#liveBytes
    if (!isMostlyDead && !this.#isDamaged) return
    this.#isDamaged = false
    // When it fails, not for every batch anew.
    this.#rewriteAbove = 2 * bytes
    const entries = [...this.#live.values()]
    const places = await this.#log.rewrite(entries.map(({ place }) => place ?? NOWHERE))
    for (const [at, entry] of entries.entries()) entry.place = places[at]
    this.#rewriteAbove = REWRITE_BYTES_MIN
  }

  /** Once, until everything is on disk again. */
  #tell(problem: string | undefined): void {
    if (problem === undefined) {
      if (this.#waiting.size === 0) this.#isTold = false
      return
    }
    if (this.#isTold) return
    this.#isTold = true
    this.#init.onProblem(
      `cannot keep results in ${this.#init.folder}: ${problem}; what their masters have not accepted is lost ` +
        'if this node is killed'
    )
  }
}

function keptRecord({ whose, keptAt, report }: Entry): Uint8Array {
  return encodeRecord({ type: 'kept', ...whose, keptAt, report })
}

function goneRecord({ whose: { master }, report: { job, task, attempt } }: Entry): Uint8Array {
  return encodeRecord({ type: 'gone', master, attempts: [{ job, task, attempt }] })
}
