/**
 * A session within one process. Apart from `link.ts`, so that a node without a network loads nothing
 * of the wire.
 */
import type { Link } from './link.ts'

/** Both ends of a session within this process. */
export function localLinks<A, B>(): [Link<A, B>, Link<B, A>] {
  const one = new LocalLink<A, B>()
  const other = new LocalLink<B, A>()
  one.connect(other)
  other.connect(one)
  return [one, other]
}

class LocalLink<Out, In> implements Link<Out, In> {
  #other: LocalLink<In, Out> | undefined
  #onMessage: ((message: In) => void) | undefined
  #onClosed: ((error: Error | undefined) => void) | undefined
  #waiting: In[] = []
  #isClosed = false

  connect(other: LocalLink<In, Out>): void {
    this.#other = other
  }

  send(message: Out): void {
    this.#other?.receive(message)
  }

  flushed(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.#other?.end()
    this.end()
  }

  abort(): void {
    this.close()
  }

  listen(onMessage: (message: In) => void, onClosed: (error: Error | undefined) => void): void {
    this.#onMessage = onMessage
    this.#onClosed = onClosed
    for (const message of this.#waiting.splice(0)) onMessage(message)
    if (this.#isClosed) onClosed(undefined)
  }

  receive(message: In): void {
    if (this.#isClosed) return
    if (this.#onMessage === undefined) this.#waiting.push(message)
    else this.#onMessage(message)
  }

  end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClosed?.(undefined)
  }
}
