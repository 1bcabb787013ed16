/**
 * Bundles of code at a worker: fetched once, kept while tasks of them run and for some time after.
 */
import type { BlobStore } from '../blobs/blob-store.ts'
import { BUNDLES_BYTES_MAX } from '../core/limits.ts'
import type { BlobId, BlobRef } from '../core/types.ts'
import type { ObtainBlob } from './link.ts'

interface Kept {
  readonly ref: BlobRef
  readonly fetched: Promise<string>
  /** Its file, once it is there. */
  path: string | undefined
  users: number
}

export class BundleCache {
  readonly #blobs: BlobStore
  readonly #bytesMax: number
  readonly #onProblem: (error: unknown) => void
  /** The one used longest ago comes first. */
  readonly #kept = new Map<BlobId, Kept>()
  #bytes = 0

  constructor(blobs: BlobStore, onProblem: (error: unknown) => void, bytesMax = BUNDLES_BYTES_MAX) {
    this.#blobs = blobs
    this.#onProblem = onProblem
    this.#bytesMax = bytesMax
  }

  /**
   * The file of a bundle; a promise when it has to be fetched first. It stays until it has been
   * released as often as it was acquired. Rejects when it cannot be had: then nothing is to be
   * released, and the next who needs it tries again.
   */
  acquire(ref: BlobRef, obtain: ObtainBlob): string | Promise<string> {
    const kept = this.#kept.get(ref.blob) ?? this.#fetch(ref, obtain)
    this.#kept.delete(ref.blob)
    this.#kept.set(ref.blob, kept)
    kept.users++
    return kept.path ?? kept.fetched
  }

  release({ blob }: BlobRef): void {
    const kept = this.#kept.get(blob)
    if (kept !== undefined) kept.users--
    this.#evict()
  }

  #fetch(ref: BlobRef, obtain: ObtainBlob): Kept {
    const fetched = this.#fileOf(ref, obtain).then(
      (path) => {
        kept.path = path
        this.#bytes += ref.bytes
        this.#evict()
        return path
      },
      (error: unknown) => {
        this.#kept.delete(ref.blob)
        throw error
      }
    )
    const kept: Kept = { ref, fetched, path: undefined, users: 0 }
    return kept
  }

  async #fileOf({ blob, bytes }: BlobRef, obtain: ObtainBlob): Promise<string> {
    await obtain({ blob, bytes })
    try {
      return await this.#blobs.fileOf(blob)
    } catch (error) {
      this.#blobs.release(blob).catch(this.#onProblem)
      throw error
    }
  }

  #evict(): void {
    for (const [blob, { ref, users, path }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return
      if (users > 0 || path === undefined) continue
      this.#kept.delete(blob)
      this.#bytes -= ref.bytes
      this.#blobs.release(blob).catch(this.#onProblem)
    }
  }
}
