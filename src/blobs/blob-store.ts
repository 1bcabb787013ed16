/**
 * Blobs on disk: immutable bytes named by their SHA-256, kept as long as somebody refers to them.
 *
 * The same bytes can be the output of many tasks, so references are counted. The folder belongs
 * to this process alone. It goes with it, or, of a durable store, is found again by the next one,
 * which is told what is still referred to.
 */
import { createReadStream } from 'node:fs'
import { copyFile, link, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { P2pJobsError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import type { BlobId, BlobRef } from '../core/types.ts'

interface Kept {
  readonly path: string
  references: number
}

export class BlobStore {
  readonly #folder: string
  readonly #isDurable: boolean
  readonly #kept = new Map<BlobId, Kept>()
  #nextFile = 1

  /** `folder`: an existing folder of this process. */
  constructor(folder: string, isDurable = false) {
    this.#folder = folder
    this.#isDurable = isDurable
  }

  /**
   * A store whose blobs are on disk (fsync) before anybody refers to them. Takes over those of an
   * earlier process that are referred to, once for each reference, and removes all others.
   */
  static async openDurable(
    folder: string,
    references: AsyncIterable<readonly BlobRef[]>
  ): Promise<BlobStore> {
    const store = new BlobStore(folder, true)
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
    const path = join(this.#folder, name)
    if (references === undefined || this.#kept.has(blob as BlobId)) {
      await rm(path, { recursive: true })
    } else this.#kept.set(blob as BlobId, { path, references })
  }

  /** Number of different blobs that are here. */
  get size(): number {
    return this.#kept.size
  }

  /** Takes over a file that holds exactly these bytes, with one reference to them. */
  async adopt(path: string, { blob }: BlobRef): Promise<void> {
    // Names are never used twice: the same bytes may be removed and come again at the same time.
    const own = this.#newPath(blob)
    if (this.#isDurable) await sync(path)
    await rename(path, own)
    if (this.#isDurable) await sync(this.#folder)
    const known = this.#kept.get(blob)
    if (known === undefined) {
      this.#kept.set(blob, { path: own, references: 1 })
      return
    }
    known.references++
    await unlink(own)
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

  /** Adds a reference to a blob. Throws BLOB_NOT_FOUND when it is not here. */
  retain(blob: BlobId): void {
    this.#find(blob).references++
  }

  /**
   * Receives a blob: `receive` is given a function that takes its chunks in order, and returns
   * once the bytes are known to be right. The blob is there, with one reference, when this resolves.
   */
  async receive(
    ref: BlobRef,
    receive: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>
  ): Promise<void> {
    if (this.#kept.has(ref.blob)) {
      this.retain(ref.blob)
      return
    }
    const part = this.#newPath('part')
    const file = await open(part, 'wx', 0o600)
    try {
      await writeAll(file, receive)
      await this.adopt(part, ref)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  /** The bytes of a blob, in chunks. Throws BLOB_NOT_FOUND when it is not here. */
  read({ blob }: Pick<BlobRef, 'blob'>, offset = 0): AsyncIterable<Uint8Array> {
    return createReadStream(this.pathOf(blob), { start: offset, highWaterMark: CHUNK_BYTES })
  }

  /** The file of a blob, which stays as long as somebody refers to it. Throws BLOB_NOT_FOUND. */
  pathOf(blob: BlobId): string {
    return this.#find(blob).path
  }

  /** Drops one reference; the bytes go with the last one. */
  async release(blob: BlobId): Promise<void> {
    const kept = this.#kept.get(blob)
    if (kept === undefined || --kept.references > 0) return
    this.#kept.delete(blob)
    await unlink(kept.path)
  }

  #find(blob: BlobId): Kept {
    const kept = this.#kept.get(blob)
    if (kept !== undefined) return kept
    throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${blob} is not kept here (any more)`)
  }

  #newPath(name: string): string {
    return join(this.#folder, `${name}-${this.#nextFile++}`)
  }
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

async function writeAll(
  file: FileHandle,
  receive: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>
): Promise<void> {
  try {
    await receive(async (chunk) => {
      await file.writeFile(chunk)
    })
  } finally {
    await file.close()
  }
}
