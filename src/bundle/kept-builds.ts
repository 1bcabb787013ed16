/**
 * Builds kept for later calls, up to a bound; the ones not asked for longest go first.
 */
import { BUNDLES_KEPT_BYTES_MAX } from '../core/limits.ts'
import type { Millis } from '../core/types.ts'
import type { Build } from './build.ts'
import type { Inputs } from './inputs.ts'

/** What an entry costs beside its bytes, roughly. */
const ENTRY_BYTES = 1024

interface Entry {
  readonly build: Build
  readonly inputs: Inputs
  readonly cost: number
}

export class KeptBuilds {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax = BUNDLES_KEPT_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** The build kept under `key`, unless one of its files has changed. */
  get(key: string, now: Millis): Build | undefined {
    const entry = this.#entries.get(key)
    if (entry?.inputs.isUnchanged(now) !== true) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.build
  }

  set(key: string, build: Build, inputs: Inputs): void {
    this.#drop(key)
    const cost = build.bytes.length + key.length + ENTRY_BYTES
    this.#entries.set(key, { build, inputs, cost })
    this.#bytes += cost
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.cost ?? 0
    this.#entries.delete(key)
  }
}
