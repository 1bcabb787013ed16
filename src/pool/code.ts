/**
 * The code of a pool's functions: bundled once, published to the workers once, then known by name.
 */
import { Bundler } from '../bundle/bundler.ts'
import type { FunctionRef } from '../core/spec.ts'
import type { BlobId } from '../core/types.ts'
import type { MasterRole } from '../node/master-role.ts'
import type { FunctionSource } from './functions.ts'

export class Code {
  readonly #master: MasterRole
  readonly #warn: (line: string) => void
  readonly #bundler = new Bundler()
  /** Functions that are ready, so that a further call needs no wait. */
  readonly #ready = new WeakMap<object, FunctionRef>()
  readonly #published = new Map<BlobId, Promise<FunctionRef['bundle']>>()

  constructor(master: MasterRole, warn: (line: string) => void) {
    this.#master = master
    this.#warn = warn
  }

  /**
   * What workers know the function by; a promise the first time. It rejects with BAD_FUNCTION,
   * which names what is wrong with it and what to do, for one that cannot be sent.
   */
  refOf(source: FunctionSource): FunctionRef | Promise<FunctionRef> {
    return this.#ready.get(source) ?? this.#publish(source)
  }

  async #publish(source: FunctionSource): Promise<FunctionRef> {
    const { blob, bytes, exportName, warnings } = await this.#bundler.bundle(source)
    let bundle = this.#published.get(blob)
    if (bundle === undefined) {
      for (const warning of warnings) this.#warn(warning)
      bundle = this.#master.publish(bytes)
      this.#published.set(blob, bundle)
    }
    const ref = { bundle: await bundle, exportName }
    // A module given by name may be edited before the next call; a function is what it is.
    if (typeof source === 'function') this.#ready.set(source, ref)
    return ref
  }
}
