/**
 * The folders of one child: where it works, and the bundles it was given.
 */
import { copyFileSync, linkSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BlobId } from '../../core/types.ts'
import type { ChildFolders } from './sandbox.ts'

export class ChildShelf {
  /** As the node and its launcher see them. */
  readonly folders: ChildFolders
  /** All of it, to be removed when the child is gone. */
  readonly root: string
  readonly #seen: ChildFolders
  readonly #bundles = new Set<BlobId>()

  /** @param seen the folders as the child sees them, if that differs */
  constructor(root: string, seen: ChildFolders | undefined) {
    this.root = root
    this.folders = { job: join(root, 'job'), bundles: join(root, 'bundles') }
    const { job, bundles } = this.folders
    for (const folder of [job, bundles]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#seen = seen ?? this.folders
  }

  get bundleCount(): number {
    return this.#bundles.size
  }

  /** Puts a bundle there, and says under which path the child finds it. Throws if it cannot. */
  place(bundle: BlobId, file: string | undefined): string {
    if (!this.#bundles.has(bundle)) {
      if (file === undefined) throw new Error(`bundle ${bundle} is not here`)
      linkOrCopy(file, pathIn(this.folders, bundle))
      this.#bundles.add(bundle)
    }
    return pathIn(this.#seen, bundle)
  }
}

function pathIn({ bundles }: ChildFolders, bundle: BlobId): string {
  return join(bundles, `${bundle}.mjs`)
}

/** A name of its own for the same file, where that is possible. In a sandbox it is read-only. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    // Another file system, or one without links.
    copyFileSync(from, to)
  }
}
