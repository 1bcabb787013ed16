/**
 * A file that only grows at its end, record by record, and is written anew when most of it is dead.
 *
 * What was written is there after a crash; what was being written may be there in part, and is then
 * cut off.
 */
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { P2pJobsError } from '../core/errors.ts'
import { FrameParser } from '../wire/frame.ts'
import { syncFolder } from './sync-folder.ts'
import { RECORD_BYTES_MAX, RECORD_BYTES_MIN } from './records.ts'

/** The first line of the file names its version. */
const TITLE = Buffer.from('p2pjobs results 1\n')
const NAME_BYTES = TITLE.indexOf(' 1')
const READ_BYTES = 1024 * 1024
const LENGTH_BYTES = 4

/** Where a record stands, its length included. */
export interface Place {
  readonly at: number
  readonly bytes: number
}

export class RecordLog {
  readonly #path: string
  #file: FileHandle
  /** Behind the last good record; what else is there comes of a write that failed. */
  #end = 0
  #isClean = false

  /**
   * Opens the file, or makes it. `onRecord` gets what stands behind each length. Throws what the
   * system does, and BAD_HOME when a later version wrote the file.
   */
  static async open(
    path: string,
    onRecord: (bytes: Uint8Array, place: Place) => void
  ): Promise<{ readonly log: RecordLog; readonly isDamaged: boolean }> {
    await rm(newPath(path), { force: true })
    const log = new RecordLog(path, await openFile(path))
    try {
      const isDamaged = await log.#read(onRecord)
      return { log, isDamaged }
    } catch (error) {
      await log.close()
      throw error
    }
  }

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** How many bytes its records take, dead ones included. */
  get bytes(): number {
    return Math.max(0, this.#end - TITLE.length)
  }

  /** Writes records behind the others, all or none; they are on disk if `isDurable`. */
  async append(records: readonly Uint8Array[], isDurable: boolean): Promise<Place[]> {
    if (records.length === 0) return []
    await this.#prepare()
    const places = placesOf(records, this.#end)
    const bytes = Buffer.concat(records)
    this.#isClean = false
    await writeAll(this.#file, bytes, this.#end)
    if (isDurable) await this.#file.datasync()
    this.#end += bytes.length
    this.#isClean = true
    return places
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    if (this.bytes === 0) return
    this.#end = TITLE.length
    this.#isClean = false
    await this.#prepare()
  }

  /** Leaves only these records; where they are now. When it fails, all is as it was. */
  async rewrite(places: readonly Place[]): Promise<Place[]> {
    const path = newPath(this.#path)
    const file = await openFile(path)
    try {
      await writeAll(file, TITLE, 0)
      const kept: Place[] = []
      let end = TITLE.length
      for (const place of places) {
        await writeAll(file, await readAll(this.#file, place), end)
        kept.push({ at: end, bytes: place.bytes })
        end += place.bytes
      }
      await file.sync()
      await rename(path, this.#path)
      await this.#file.close()
      this.#file = file
      this.#end = end
      await syncFolder(dirname(this.#path))
      return kept
    } catch (error) {
      if (this.#file !== file) {
        await file.close()
        await rm(path, { force: true })
      }
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** Cuts off what a write that failed has left, and begins a new file. */
  async #prepare(): Promise<void> {
    if (this.#isClean) return
    await this.#file.truncate(this.#end)
    if (this.#end === 0) {
      await writeAll(this.#file, TITLE, 0)
      await syncFolder(dirname(this.#path))
      this.#end = TITLE.length
    }
    this.#isClean = true
  }

  /** True when the file is not as it was written. */
  async #read(onRecord: (bytes: Uint8Array, place: Place) => void): Promise<boolean> {
    const title = await readAll(this.#file, { at: 0, bytes: TITLE.length })
    if (!title.equals(TITLE)) {
      this.#refuseNewer(title)
      return title.length > 0 && !TITLE.subarray(0, title.length).equals(title)
    }
    this.#end = TITLE.length
    const parser = new FrameParser(RECORD_BYTES_MAX)
    try {
      for (let at = this.#end; ;) {
        const chunk = await readAll(this.#file, { at, bytes: READ_BYTES })
        if (chunk.length === 0) break
        at += chunk.length
        for (const bytes of parser.push(chunk)) {
          if (bytes.length < RECORD_BYTES_MIN) return true
          const place = { at: this.#end, bytes: LENGTH_BYTES + bytes.length }
          this.#end += place.bytes
          onRecord(bytes, place)
        }
      }
    } catch (error) {
      if (error instanceof P2pJobsError) return true
      throw error
    }
    // Inside a record, its write was interrupted: nobody was promised that it would be here.
    this.#isClean = !parser.isInside
    return false
  }

  #refuseNewer(title: Buffer): void {
    if (!title.subarray(0, NAME_BYTES).equals(TITLE.subarray(0, NAME_BYTES))) return
    if (title.length < TITLE.length) return
    throw new P2pJobsError(
      'BAD_HOME',
      `${this.#path} was written by a later version of p2pjobs; use that one, or remove the file`
    )
  }
}

function newPath(path: string): string {
  return `${path}.new`
}

async function openFile(path: string): Promise<FileHandle> {
  return await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
}

function placesOf(records: readonly Uint8Array[], from: number): Place[] {
  let at = from
  return records.map(({ length: bytes }) => {
    const place = { at, bytes }
    at += bytes
    return place
  })
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}

/** What is at a place; less where the file ends. */
async function readAll(file: FileHandle, { at, bytes }: Place): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let done = 0
  while (done < bytes) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}
