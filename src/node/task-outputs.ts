/**
 * Large outputs of tasks: blobs, each for the master whose result names it, until that is released.
 */
import { P2pJobsError } from '../core/errors.ts'
import { payloadsOf } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobId, BlobRef, NodeId, Payload } from '../core/types.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { discardOutput, isInline, isSpoolFile } from '../exec/executor.ts'
import type { Output, RunResult } from '../exec/executor.ts'

export class TaskOutputs {
  readonly #blobs: BlobStore
  /** Who may read which blob how many times over. */
  readonly #readers = new Map<string, number>()

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  /** Turns large output into blobs; `master` is undefined when nobody waits for it any more. */
  async take(given: RunResult, master: NodeId | undefined): Promise<Result> {
    return {
      ...given,
      stdout: await this.#payloadOf(given.stdout, master),
      stderr: await this.#payloadOf(given.stderr, master),
      value: await this.#payloadOf(given.value, master)
    }
  }

  /** Takes up the blobs of a result that an earlier process has kept in other files. */
  async restore(result: Result, master: NodeId, pathOf: (ref: BlobRef) => string): Promise<void> {
    const restored: BlobRef[] = []
    try {
      for (const ref of payloadsOf(result).filter(isBlobRef)) {
        await this.#blobs.adoptLink(pathOf(ref), ref)
        restored.push(ref)
        this.#allow(master, ref)
      }
    } catch (error) {
      for (const ref of restored) await this.#release(master, ref)
      throw error
    }
  }

  /** The blob belongs to a result of this master that was not released. */
  holdsFor(master: NodeId, ref: BlobRef): boolean {
    return this.#readers.has(readerKey(master, ref))
  }

  /** The bytes of such a blob. Throws BLOB_NOT_FOUND. */
  readFor(master: NodeId, ref: BlobRef, offset: number): ReturnType<BlobStore['read']> {
    if (!this.holdsFor(master, ref)) {
      throw new P2pJobsError('BLOB_NOT_FOUND', `blob ${ref.blob} is not for this node`)
    }
    return this.#blobs.read(ref, offset)
  }

  /** The file of a blob, which stays until its result is released. */
  async fileOf(blob: BlobId): Promise<string> {
    return await this.#blobs.fileOf(blob)
  }

  /** Nobody needs the result any more. */
  async release(master: NodeId, result: Result): Promise<void> {
    const refs = payloadsOf(result).filter(isBlobRef)
    await Promise.all(refs.map((ref) => this.#release(master, ref)))
  }

  async #payloadOf(output: Output, master: NodeId | undefined): Promise<Payload> {
    if (isInline(output)) return output
    if (master === undefined) {
      await discardOutput(output)
      return new Uint8Array(0)
    }
    const { blob } = output
    let bytes: number
    if (isSpoolFile(output)) {
      bytes = output.bytes
      await this.#blobs.adopt(output.path, { blob, bytes })
    } else {
      bytes = output.held.length
      await this.#blobs.put({ blob, bytes }, output.held).finally(() => output.letGo())
    }
    const ref = { blob, bytes }
    this.#allow(master, ref)
    return ref
  }

  #allow(master: NodeId, ref: BlobRef): void {
    const key = readerKey(master, ref)
    this.#readers.set(key, (this.#readers.get(key) ?? 0) + 1)
  }

  async #release(master: NodeId, ref: BlobRef): Promise<void> {
    const key = readerKey(master, ref)
    const left = (this.#readers.get(key) ?? 0) - 1
    if (left > 0) this.#readers.set(key, left)
    else this.#readers.delete(key)
    await this.#blobs.release(ref.blob)
  }
}

function readerKey(master: NodeId, { blob }: BlobRef): string {
  return `${master} ${blob}`
}
