/**
 * Writing to a stream that may be closed under us: `p2pjobs run ... | head`.
 */
import type { Writable } from 'node:stream'

export class Writer {
  readonly #stream: Writable
  #failure: NodeJS.ErrnoException | undefined

  /** `onFailure` is called once, when the stream can take nothing more. */
  constructor(stream: Writable, onFailure: () => void) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#failure !== undefined) return
      this.#failure = error
      onFailure()
    })
  }

  /** Resolves when the system has taken the chunk, or can take nothing more. */
  write(chunk: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#stream.write(chunk, () => resolve())
    })
  }

  /** Whoever read it has gone away: no error, they have seen enough. */
  get isClosed(): boolean {
    return this.#failure?.code === 'EPIPE'
  }

  /** What else went wrong: a full disk. */
  get failure(): Error | undefined {
    return this.isClosed ? undefined : this.#failure
  }
}
