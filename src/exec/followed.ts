/**
 * Streams of which somebody has read all there was, and wants to know of more.
 */
import type { OutputStream } from '../core/messages.ts'

export class Followed {
  readonly #onPrinted: (run: number, stream: OutputStream) => void
  readonly #streams = new Map<number, Set<OutputStream>>()

  constructor(onPrinted: (run: number, stream: OutputStream) => void) {
    this.#onPrinted = onPrinted
  }

  get size(): number {
    return this.#streams.size
  }

  /** The next that is printed there is told, once. */
  add(run: number, stream: OutputStream): void {
    const streams = this.#streams.get(run)
    if (streams === undefined) this.#streams.set(run, new Set([stream]))
    else streams.add(stream)
  }

  /** To be called whenever something can be read that could not before. */
  printed(run: number, stream: OutputStream): void {
    // Mostly nobody follows anything.
    if (this.#streams.size === 0) return
    const streams = this.#streams.get(run)
    if (streams?.delete(stream) !== true) return
    if (streams.size === 0) this.#streams.delete(run)
    this.#onPrinted(run, stream)
  }

  /** The run has ended: that is told by its end. */
  forget(run: number): void {
    this.#streams.delete(run)
  }
}
