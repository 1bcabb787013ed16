/**
 * Blobs of kept results: the same files under second names, so that they stay when the node's own
 * store of blobs, which goes with its process, is removed.
 */
import { copyFile, link, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId, BlobRef } from '../core/types.ts'
import { syncFolder } from './sync-folder.ts'

interface Kept {
  readonly bytes: number
  references: number
}

/** File systems without second names, and names on different ones. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'])

export class KeptBlobs {
  readonly #folder: string
  readonly #kept = new Map<BlobId, Kept>()
  readonly #unneeded = new Set<BlobId>()
  #bytes = 0

  /** `folder`: an existing one, for this only. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** How many bytes all of them take. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many bytes more it takes to keep these, too. */
  newBytes(refs: readonly BlobRef[]): number {
    const fresh = new Map(refs.map(({ blob, bytes }) => [blob, bytes]))
    let sum = 0
    for (const [blob, bytes] of fresh) if (!this.#kept.has(blob)) sum += bytes
    return sum
  }

  pathOf(blob: BlobId): string {
    return join(this.#folder, blob)
  }

  /** Keeps a blob whose bytes are in a file, with a reference more. `sync` has to follow. */
  async add({ blob, bytes }: BlobRef, file: () => string | Promise<string>): Promise<void> {
    const known = this.#kept.get(blob)
    if (known !== undefined) {
      known.references++
      return
    }
    const path = await file()
    const own = this.pathOf(blob)
    // Of an earlier time, not removed yet.
    await rm(own, { force: true })
    this.#unneeded.delete(blob)
    await linkOrCopy(path, own)
    await syncFile(own)
    this.#insert(blob, bytes)
  }

  /** The names of what was added are on disk when it resolves. */
  async sync(): Promise<void> {
    await syncFolder(this.#folder)
  }

  /** Takes up a reference of an earlier process; false when the bytes are not here. */
  async recall({ blob, bytes }: BlobRef): Promise<boolean> {
    const known = this.#kept.get(blob)
    if (known !== undefined) {
      known.references++
      return known.bytes === bytes
    }
    const size = await stat(this.pathOf(blob)).then(
      (found) => found.size,
      () => undefined
    )
    if (size !== bytes) return false
    this.#insert(blob, bytes)
    return true
  }

  /** Drops a reference; `sweep` removes what has none. */
  release({ blob }: BlobRef): void {
    const kept = this.#kept.get(blob)
    if (kept === undefined || --kept.references > 0) return
    this.#kept.delete(blob)
    this.#bytes -= kept.bytes
    this.#unneeded.add(blob)
  }

  async sweep(): Promise<void> {
    for (const blob of [...this.#unneeded]) {
      this.#unneeded.delete(blob)
      await rm(this.pathOf(blob), { force: true })
    }
  }

  /** Removes every file that nobody has referred to. */
  async removeOthers(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!this.#kept.has(name as BlobId)) await rm(join(this.#folder, name), { force: true })
    }
  }

  #insert(blob: BlobId, bytes: number): void {
    this.#kept.set(blob, { bytes, references: 1 })
    this.#bytes += bytes
  }
}

async function linkOrCopy(path: string, own: string): Promise<void> {
  try {
    await link(path, own)
  } catch (error) {
    if (!NO_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyWhole(path, own)
  }
}

async function copyWhole(path: string, own: string): Promise<void> {
  const part = `${own}.part`
  try {
    await copyFile(path, part)
    await rename(part, own)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
