/**
 * Blobs on disk: immutable bytes named by their SHA-256, kept as long as somebody refers to them.
 *
 * The same bytes can be the output of many tasks, so references are counted. The folder belongs
 * to this process alone and goes with it.
 */
import { createReadStream } from 'node:fs'
import { open, rename, rm, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { P2pJobsError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import type { BlobId, BlobRef } from '../core/types.ts'

export class BlobStore {
  readonly #folder: string
  readonly #references = new Map<BlobId, number>()
  #nextPart = 1

  /** `folder`: an existing folder of this process. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes over a file that holds exactly these bytes, with one reference to them. */
  async adopt(path: string, { blob }: BlobRef): Promise<void> {
    if (this.#references.has(blob)) await rm(path, { force: true })
    else await rename(path, this.pathOf(blob))
    this.retain(blob)
  }

  /** Adds a reference to a blob that is here. */
  retain(blob: BlobId): void {
    this.#references.set(blob, (this.#references.get(blob) ?? 0) + 1)
  }

  /**
   * Receives a blob: `receive` is given a function that takes its chunks in order, and returns
   * once the bytes are known to be right. The blob is there, with one reference, when this resolves.
   */
  async receive(
    ref: BlobRef,
    receive: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>
  ): Promise<void> {
    if (this.#references.has(ref.blob)) {
      this.retain(ref.blob)
      return
    }
    const part = join(this.#folder, `part-${this.#nextPart++}`)
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
    if (!this.#references.has(blob)) {
      throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${blob} is not kept here (any more)`)
    }
    return createReadStream(this.pathOf(blob), { start: offset, highWaterMark: CHUNK_BYTES })
  }

  /** Drops one reference; the bytes go with the last one. */
  async release(blob: BlobId): Promise<void> {
    const left = (this.#references.get(blob) ?? 0) - 1
    if (left > 0) {
      this.#references.set(blob, left)
      return
    }
    if (this.#references.delete(blob)) await unlink(this.pathOf(blob))
  }

  /** The file of a blob, which is there as long as somebody refers to the blob. */
  pathOf(blob: BlobId): string {
    return join(this.#folder, blob)
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
