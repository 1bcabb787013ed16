/**
 * The blobs of a master: outputs of recorded results, and what workers may read.
 */
import { hash } from 'node:crypto'
import { P2pJobsError, toError } from '../core/errors.ts'
import { payloadsOf } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobId, BlobRef, Payload } from '../core/types.ts'
import type { BlobStore } from '../blobs/blob-store.ts'

export class MasterBlobs {
  readonly #store: BlobStore
  readonly #onProblem: (text: string) => void
  /** Blobs of recorded results: they stay until `release`, or as long as the journal keeps them. */
  readonly #recorded = new Set<Payload>()
  /** Blobs that workers may read, and how many times over they were published. */
  readonly #published = new Map<BlobId, number>()

  constructor(store: BlobStore, onProblem: (text: string) => void) {
    this.#store = store
    this.#onProblem = onProblem
  }

  /** The bytes of an output, in chunks. */
  async *read(payload: Payload, offset = 0): AsyncGenerator<Uint8Array, void, undefined> {
    if (isBlobRef(payload)) yield* this.#store.read(payload, offset)
    else if (payload.length > offset) yield payload.subarray(offset)
  }

  /** All bytes of an output, not to be changed. */
  async bytesOf(payload: Payload): Promise<Uint8Array> {
    return isBlobRef(payload) ? await this.#store.bytesOf(payload) : payload
  }

  /** The result with its output on disk, for a reader who comes late. */
  async setAside(result: Result): Promise<Result> {
    const [stdout, stderr] = [await this.#onDisk(result.stdout), await this.#onDisk(result.stderr)]
    return { ...result, stdout, stderr, value: await this.#onDisk(result.value) }
  }

  /** The result's output is not needed any more. */
  async release(result: Result): Promise<void> {
    for (const payload of payloadsOf(result)) {
      if (isBlobRef(payload) && this.#recorded.delete(payload)) {
        await this.#store.release(payload.blob)
      }
    }
  }

  /**
   * Keeps bytes as a blob that every worker may read: code, or an argument too large for a
   * message. It stays until `withdraw` was called as often as this.
   */
  async publish(bytes: Uint8Array): Promise<BlobRef> {
    const ref = refOf(bytes)
    await this.#store.put(ref, bytes)
    this.#published.set(ref.blob, (this.#published.get(ref.blob) ?? 0) + 1)
    return ref
  }

  /** Nobody needs to read the blob any more. */
  async withdraw({ blob }: BlobRef): Promise<void> {
    const left = (this.#published.get(blob) ?? 0) - 1
    if (left > 0) this.#published.set(blob, left)
    else this.#published.delete(blob)
    await this.#store.release(blob)
  }

  /** A blob that was published. Throws BLOB_NOT_FOUND. */
  readPublished(ref: BlobRef, offset: number): ReturnType<BlobStore['read']> {
    if (this.#published.has(ref.blob)) return this.#store.read(ref, offset)
    throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${ref.blob} is not for this node`)
  }

  /** The result is recorded, and its output with it. */
  record(result: Result): void {
    for (const payload of payloadsOf(result)) if (isBlobRef(payload)) this.#recorded.add(payload)
  }

  /** Drops the references to blobs that became nobody's result. */
  drop(refs: readonly BlobRef[]): void {
    for (const ref of refs) {
      if (this.#recorded.has(ref)) continue
      this.#store.release(ref.blob).catch((error: unknown) => {
        this.#onProblem(`cannot remove an output: ${toError(error).message}`)
      })
    }
  }

  /** From here on the journal knows who needs them. */
  handOver(refs: readonly BlobRef[]): void {
    for (const ref of refs) this.#recorded.delete(ref)
  }

  async #onDisk(payload: Payload): Promise<Payload> {
    if (isBlobRef(payload) || payload.length === 0) return payload
    const ref = refOf(payload)
    await this.#store.putOnDisk(ref, payload)
    this.#recorded.add(ref)
    return ref
  }
}

function refOf(bytes: Uint8Array): BlobRef {
  return { blob: hash('sha256', bytes, 'hex') as BlobId, bytes: bytes.length }
}
