/**
 * Brings a task what it needs before it can start: the code it is of, and an argument that was too
 * large for a message. A command needs neither and starts at once.
 */
import type { BlobStore } from '../blobs/blob-store.ts'
import { bundlesOf } from '../core/spec.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobId, BlobRef } from '../core/types.ts'
import type { WorkerEffect } from '../core/worker/events.ts'
import type { TaskStart } from '../exec/executor.ts'
import type { BundleCache } from './bundle-cache.ts'
import type { ObtainBlob } from './link.ts'

type Start = Extract<WorkerEffect, { type: 'start' }>

const NO_BUNDLES: ReadonlyMap<BlobId, string> = new Map()

export class TaskSupplies {
  readonly #blobs: BlobStore
  readonly #bundles: BundleCache
  /** What each task that has its supplies uses of the cache. */
  readonly #used = new Map<number, readonly BlobRef[]>()

  constructor(blobs: BlobStore, bundles: BundleCache) {
    this.#blobs = blobs
    this.#bundles = bundles
  }

  /**
   * The task, ready to be started; a promise when something has to be fetched for it, which
   * rejects when that cannot be had.
   */
  supply(start: Start, obtain: ObtainBlob): TaskStart | Promise<TaskStart> {
    const { input } = start
    const refs = bundlesOf(start.spec)
    if (refs.length === 0 && !isBlobRef(input)) return taskOf(start, input, NO_BUNDLES)
    const paths = refs.map((ref) => this.#bundles.acquire(ref, obtain))
    if (!isBlobRef(input) && paths.every((path) => typeof path === 'string')) {
      this.#used.set(start.run, refs)
      return taskOf(start, input, pathsByBlob(refs, paths))
    }
    return this.#fetch(start, refs, paths, obtain)
  }

  /** The task has ended, or will not start. */
  release(run: number): void {
    for (const ref of this.#used.get(run) ?? []) this.#bundles.release(ref)
    this.#used.delete(run)
  }

  async #fetch(
    start: Start,
    refs: readonly BlobRef[],
    pending: readonly (string | Promise<string>)[],
    obtain: ObtainBlob
  ): Promise<TaskStart> {
    const { input } = start
    const arriving = pending.map((path) => Promise.resolve(path))
    const results = await Promise.allSettled(arriving)
    const here = refs.filter((_ref, at) => results[at]?.status === 'fulfilled')
    this.#used.set(start.run, here)
    const paths = await Promise.all(arriving)
    const bytes = isBlobRef(input) ? await this.#read(input, obtain) : input
    return taskOf(start, bytes, pathsByBlob(refs, paths))
  }

  async #read(ref: BlobRef, obtain: ObtainBlob): Promise<Uint8Array> {
    await obtain(ref)
    try {
      return await this.#blobs.bytesOf(ref)
    } finally {
      await this.#blobs.release(ref.blob)
    }
  }
}

function taskOf(
  { run, master, job, task, attempt, spec }: Start,
  input: Uint8Array,
  bundles: ReadonlyMap<BlobId, string>
): TaskStart {
  return { run, master, job, task, attempt, spec, input, bundles }
}

function pathsByBlob(
  refs: readonly BlobRef[],
  paths: readonly string[]
): ReadonlyMap<BlobId, string> {
  return new Map(refs.map(({ blob }, at) => [blob, paths[at] ?? '']))
}
