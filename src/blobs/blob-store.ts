/**
 * Blobs: immutable bytes named by their SHA-256, kept as long as somebody refers to them.
 *
 * The same bytes can be the output of many tasks, so references are counted. Blobs are in memory
 * while all of them take little, and beyond that each in a file of its own; who needs the file of
 * one gets it. The folder belongs to this process alone. It goes with it, or, of a durable store,
 * which keeps nothing in memory, is found again by the next one, which is told what is still
 * referred to.
 */
import { copyFile, link, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Budget } from '../core/budget.ts'
import { P2pJobsError } from '../core/errors.ts'
import { BLOB_IN_MEMORY_BYTES_MAX, BLOBS_IN_MEMORY_BYTES_MIN } from '../core/limits.ts'
import type { BlobId, BlobRef } from '../core/types.ts'
import { chunksOf, readChunks, writeNewFile } from './blob-files.ts'
import type { WriteChunk } from './blob-files.ts'

interface Kept {
  /** Where the bytes are: a file, or memory. */
  place: string | Uint8Array
  references: number
  /** On its way from memory to a file. */
  moving: Promise<string> | undefined
}

export interface BlobStoreInit {
  /** Blobs are on disk (fsync) before anybody refers to them. */
  readonly isDurable?: boolean
  /** The most that those in memory take, all together. */
  readonly memoryBytesMax?: number
}

export class BlobStore {
  readonly #folder: string
  readonly #isDurable: boolean
  readonly #memory: Budget
  readonly #kept = new Map<BlobId, Kept>()
  #nextFile = 1

  /** `folder`: an existing folder of this process. */
  constructor(folder: string, init: BlobStoreInit = {}) {
    const { isDurable = false, memoryBytesMax = BLOBS_IN_MEMORY_BYTES_MIN } = init
    this.#folder = folder
    this.#isDurable = isDurable
    this.#memory = new Budget(isDurable ? 0 : memoryBytesMax)
  }

  /**
   * A durable store. Takes over the blobs of an earlier process that are referred to, once for each
   * reference, and removes all others.
   */
  static async openDurable(
    folder: string,
    references: AsyncIterable<readonly BlobRef[]>
  ): Promise<BlobStore> {
    const store = new BlobStore(folder, { isDurable: true })
    const counts = new Map<string, number>()
    for await (const refs of references) {
      for (const { blob } of refs) counts.set(blob, (counts.get(blob) ?? 0) + 1)
    }
    for (const name of await readdir(folder)) await store.#takeOver(name, counts)
    return store
  }

  async #takeOver(name: string, counts: Map<string, number>): Promise<void> {
    const [, blob = '', number = ''] = /^(\w+)-(\d+)$/.exec(name) ?? []
    this.#nextFile = Math.max(this.#nextFile, Number(number) + 1)
    const references = counts.get(blob)
    const place = join(this.#folder, name)
    if (references === undefined || this.#kept.has(blob as BlobId)) {
      await rm(place, { recursive: true })
    } else this.#kept.set(blob as BlobId, { place, references, moving: undefined })
  }

  /** Number of different blobs that are here. */
  get size(): number {
    return this.#kept.size
  }

  /** How many bytes those in memory take, and those that are arriving there. */
  get memoryBytes(): number {
    return this.#memory.taken
  }

  /** Takes over a file that holds exactly these bytes, with one reference to them. */
  async adopt(path: string, { blob }: BlobRef): Promise<void> {
    // Names are never used twice: the same bytes may be removed and come again at the same time.
    const own = this.#newPath(blob)
    if (this.#isDurable) await sync(path)
    await rename(path, own)
    if (this.#isDurable) await sync(this.#folder)
    await this.#insert(blob, own)
  }

  /** The same for a file that stays where it is, too. */
  async adoptLink(path: string, ref: BlobRef): Promise<void> {
    const own = this.#newPath('link')
    try {
      await link(path, own)
    } catch {
      // Not every file system has second names, and not from another one; a copy says what is wrong.
      await copyFile(path, own)
    }
    await this.adopt(own, ref)
  }

  /** Keeps bytes that nobody changes any more, with one reference to them. */
  async put(ref: BlobRef, bytes: Uint8Array): Promise<void> {
    if (this.#reserve(bytes.length)) await this.#insert(ref.blob, alone(bytes))
    else await this.putOnDisk(ref, bytes)
  }

  /** The same, and never in memory. */
  async putOnDisk(ref: BlobRef, bytes: Uint8Array): Promise<void> {
    await this.#receiveIntoFile(ref, (write) => write(bytes))
  }

  /** Adds a reference to a blob. Throws BLOB_NOT_FOUND when it is not here. */
  retain(blob: BlobId): void {
    this.#find(blob).references++
  }

  /**
   * Receives a blob: `receive` is given a function that takes its chunks in order, and returns
   * once the bytes are known to be right. The blob is there, with one reference, when this resolves.
   */
  async receive(ref: BlobRef, receive: (write: WriteChunk) => Promise<void>): Promise<void> {
    if (this.#kept.has(ref.blob)) this.retain(ref.blob)
    else if (this.#reserve(ref.bytes)) await this.#receiveIntoMemory(ref, receive)
    else await this.#receiveIntoFile(ref, receive)
  }

  /** The bytes of a blob, in chunks. Throws BLOB_NOT_FOUND when it is not here. */
  read(
    { blob }: Pick<BlobRef, 'blob'>,
    offset = 0
  ): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    const { place } = this.#find(blob)
    return typeof place === 'string' ? readChunks(place, offset) : chunksOf(place.subarray(offset))
  }

  /** All bytes of a blob, not to be changed. Rejects with BLOB_NOT_FOUND when it is not here. */
  async bytesOf({ blob }: Pick<BlobRef, 'blob'>): Promise<Uint8Array> {
    const { place } = this.#find(blob)
    return typeof place === 'string' ? await readFile(place) : place
  }

  /**
   * The file of a blob, which stays as long as somebody refers to it; there is one from then on.
   * Rejects with BLOB_NOT_FOUND, also when nobody refers to it any more before that is written.
   */
  async fileOf(blob: BlobId): Promise<string> {
    const kept = this.#find(blob)
    const { place } = kept
    if (typeof place === 'string') return place
    const path = await (kept.moving ??= this.#move(blob, kept, place))
    if (kept.references > 0) return path
    throw notHere(blob)
  }

  /** Drops one reference; the bytes go with the last one. */
  async release(blob: BlobId): Promise<void> {
    const kept = this.#kept.get(blob)
    if (kept === undefined || --kept.references > 0) return
    this.#kept.delete(blob)
    // Who waits for the file is told what became of it.
    await kept.moving?.catch(() => undefined)
    await this.#remove(kept.place)
  }

  #find(blob: BlobId): Kept {
    const kept = this.#kept.get(blob)
    if (kept !== undefined) return kept
    throw notHere(blob)
  }

  #newPath(name: string): string {
    return join(this.#folder, `${name}-${this.#nextFile++}`)
  }

  /** Memory for one more blob, if there is any for it. */
  #reserve(bytes: number): boolean {
    return !this.#isDurable && bytes <= BLOB_IN_MEMORY_BYTES_MAX && this.#memory.take(bytes)
  }

  async #receiveIntoMemory(
    { blob, bytes }: BlobRef,
    receive: (write: WriteChunk) => Promise<void>
  ): Promise<void> {
    try {
      const whole = Buffer.allocUnsafeSlow(bytes)
      let at = 0
      await receive((chunk) => {
        whole.set(chunk, at)
        at += chunk.length
        return undefined
      })
      if (at < bytes) throw new P2pJobsError('BLOB_DAMAGED', `only ${at} bytes of ${blob} came`)
      await this.#insert(blob, whole)
    } catch (error) {
      this.#memory.give(bytes)
      throw error
    }
  }

  async #receiveIntoFile(
    ref: BlobRef,
    receive: (write: WriteChunk) => Promise<void> | undefined
  ): Promise<void> {
    const part = this.#newPath('part')
    await writeNewFile(part, receive)
    try {
      await this.adopt(part, ref)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  /** A reference to bytes that are there now, or were already. */
  async #insert(blob: BlobId, place: Kept['place']): Promise<void> {
    const known = this.#kept.get(blob)
    if (known === undefined) {
      this.#kept.set(blob, { place, references: 1, moving: undefined })
      return
    }
    known.references++
    await this.#remove(place)
  }

  async #remove(place: Kept['place']): Promise<void> {
    if (typeof place === 'string') await unlink(place)
    else this.#memory.give(place.length)
  }

  /** From memory to a file. When that fails, the bytes stay where they are. */
  async #move(blob: BlobId, kept: Kept, bytes: Uint8Array): Promise<string> {
    const path = this.#newPath(blob)
    try {
      await writeNewFile(path, (write) => write(bytes))
      kept.place = path
      this.#memory.give(bytes.length)
      return path
    } finally {
      kept.moving = undefined
    }
  }
}

function notHere(blob: BlobId): P2pJobsError {
  return new P2pJobsError('BLOB_NOT_FOUND', `blob ${blob} is not kept here (any more)`)
}

/** The bytes, without what else is in the memory they are in. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

/** Waits until a file, or the names in a folder, are on disk. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
