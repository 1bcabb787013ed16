/**
 * Messages over a socket of this machine, with backpressure in both directions: what is not read
 * is not taken from the other side, and `room` waits until that one has taken what was sent.
 */
import type { Socket } from 'node:net'
import { P2pJobsError, toError } from '../core/errors.ts'
import { CLIENT_READ_AHEAD_BYTES, FRAME_BYTES_TARGET } from '../core/limits.ts'
import { Queue } from '../core/queue.ts'
import { FrameBuilder, FrameParser, messagesOf } from '../wire/frame.ts'
import type { RawMessage, ReceivedMessage } from '../wire/frame.ts'

/** What a frame costs beside its bytes while it waits. */
const FRAME_OVERHEAD_BYTES = 128

export class FrameSocket {
  readonly #socket: Socket
  readonly #parser = new FrameParser()
  readonly #unread = new Queue<Uint8Array>()
  readonly #builder = new FrameBuilder()
  readonly #closed = new AbortController()
  #unreadBytes = 0
  #messages: Iterator<ReceivedMessage> | undefined
  #error: Error | undefined
  #wake: (() => void) | undefined
  #hasUnsent = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('end', () => this.#end(undefined))
    socket.on('close', () => this.#end(undefined))
  }

  /** Aborted when the other side is gone, or nothing more can be said. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Queues a message; what cannot be sent any more is dropped. */
  send(message: RawMessage): void {
    this.#builder.add(message)
    if (this.#hasUnsent) return
    this.#hasUnsent = true
    // What is sent in one turn of the loop leaves together.
    setImmediate(() => this.#flush())
  }

  /** Resolves when there is room for more: at once, unless the other side is slow. */
  async room(): Promise<void> {
    if (this.#hasUnsent && this.#builder.bytes >= FRAME_BYTES_TARGET) this.#flush()
    while (this.#socket.writableNeedDrain && !this.#closed.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const go = (): void => resolve(undefined)
      this.#socket.once('drain', go)
      this.#closed.signal.addEventListener('abort', go, { once: true })
      await promise
      this.#socket.off('drain', go)
      this.#closed.signal.removeEventListener('abort', go)
    }
  }

  /**
   * The next message; undefined once the other side has closed. Throws BAD_MESSAGE for what is
   * none, UNREACHABLE when the connection fails or ends inside a frame.
   */
  async next(): Promise<ReceivedMessage | undefined> {
    while (true) {
      const message = this.#messages?.next()
      if (message?.done === false) return message.value
      const body = this.#unread.shift()
      if (body !== undefined) {
        this.#unreadBytes -= body.length + FRAME_OVERHEAD_BYTES
        this.#messages = messagesOf(body)
        if (this.#unreadBytes < CLIENT_READ_AHEAD_BYTES) this.#socket.resume()
        continue
      }
      if (this.#error !== undefined) throw this.#error
      if (this.#closed.signal.aborted) {
        if (this.#parser.isInside) throw cutOff()
        return undefined
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Sends what is queued, then closes. */
  end(): void {
    this.#flush()
    this.#socket.end()
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#socket.destroy()
    this.#end(undefined)
  }

  #flush(): void {
    if (!this.#hasUnsent) return
    this.#hasUnsent = false
    for (const frame of this.#builder.take()) {
      if (this.#socket.writable) this.#socket.write(frame)
    }
  }

  #onData(chunk: Uint8Array): void {
    try {
      for (const body of this.#parser.push(chunk)) {
        this.#unread.push(body)
        this.#unreadBytes += body.length + FRAME_OVERHEAD_BYTES
      }
    } catch (error) {
      this.#end(toError(error))
      this.#socket.destroy()
    }
    if (this.#unreadBytes >= CLIENT_READ_AHEAD_BYTES) this.#socket.pause()
    this.#kick()
  }

  #end(error: Error | undefined): void {
    this.#error ??= error instanceof P2pJobsError ? error : error && failed(error)
    this.#closed.abort()
    this.#kick()
  }

  #kick(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

function cutOff(): P2pJobsError {
  return new P2pJobsError('UNREACHABLE', 'the connection ended inside a frame')
}

function failed(cause: Error): P2pJobsError {
  return new P2pJobsError('UNREACHABLE', `the connection failed: ${cause.message}`, { cause })
}
