/**
 * Bundles of code at a worker: fetched once, kept while tasks of them run and for some time after.
 */
import type { BlobStore } from '../blobs/blob-store.ts'
import { BUNDLES_BYTES_MAX } from '../core/limits.ts'
import type { BlobId, BlobRef } from '../core/types.ts'
import type { ObtainBlob } from './link.ts'

interface Kept {
  readonly ref: BlobRef
  readonly fetched: Promise<void>
  isHere: boolean
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
    if (kept.isHere) return this.#blobs.pathOf(ref.blob)
    return kept.fetched.then(() => this.#blobs.pathOf(ref.blob))
  }

  release({ blob }: BlobRef): void {
    const kept = this.#kept.get(blob)
    if (kept !== undefined) kept.users--
    this.#evict()
  }

  #fetch(ref: BlobRef, obtain: ObtainBlob): Kept {
    const fetched = obtain(ref).then(
      () => {
        kept.isHere = true
        this.#bytes += ref.bytes
        this.#evict()
      },
      (error: unknown) => {
        this.#kept.delete(ref.blob)
        throw error
      }
    )
    const kept: Kept = { ref, fetched, isHere: false, users: 0 }
    return kept
  }

  #evict(): void {
    for (const [blob, { ref, users, isHere }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return
      if (users > 0 || !isHere) continue
      this.#kept.delete(blob)
      this.#bytes -= ref.bytes
      this.#blobs.release(blob).catch(this.#onProblem)
    }
  }
}
