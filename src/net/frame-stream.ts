/**
 * Frames over a libp2p stream, in both directions, with backpressure.
 *
 * Three facts of js-libp2p 3.3 shape this file (measured):
 * - a writer that sends again right after `drain` starves every stream opened later, libp2p's own
 *   ping among them, so the connection dies under load: the writer waits one turn of the loop;
 * - `onDrain()` waits only once per stream: the writer listens to the event;
 * - iterating a stream gives the sender no backpressure: the reader pauses and resumes it.
 *
 * A killed peer's stream ends like one that was closed: the end of a stream proves nothing, and
 * what has to be known to have ended says so in a frame of its own.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { P2pJobsError, toError } from '../core/errors.ts'
import { FRAME_BYTES_MAX } from '../core/limits.ts'
import { FrameParser } from '../wire/frame.ts'

/** Unread bytes above which the sender is held back. */
const READ_AHEAD_BYTES = 1024 * 1024
/** Unsent bytes above which the peer is given up: its credit allows nothing near it. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024

export class FrameStream {
  readonly #stream: Stream
  readonly #parser: FrameParser
  #unsent: Uint8Array[] = []
  #unsentBytes = 0
  #isWriting: Promise<void> | undefined
  #unread: Uint8Array[] = []
  #unreadBytes = 0
  #isPaused = false
  #hasEnded = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  /** To be made in the same turn in which the stream was opened, or nothing may be missed. */
  constructor(stream: Stream, frameBytesMax = FRAME_BYTES_MAX) {
    this.#stream = stream
    this.#parser = new FrameParser(frameBytesMax)
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    if (stream.status !== 'open') this.#fail(new Error(`the stream is ${stream.status}`))
  }

  get isOpen(): boolean {
    return this.#stream.status === 'open' && !this.#hasEnded
  }

  /** Queues frames (length included), in order. What cannot be sent any more is dropped. */
  send(frames: readonly Uint8Array[]): void {
    if (this.#stream.status !== 'open') return
    for (const frame of frames) {
      this.#unsent.push(frame)
      this.#unsentBytes += frame.length
    }
    if (this.#unsentBytes > UNSENT_BYTES_MAX) {
      this.abort(new P2pJobsError('UNREACHABLE', 'the peer does not read what it asked for'))
      return
    }
    this.#isWriting ??= this.#write().finally(() => (this.#isWriting = undefined))
  }

  /** Resolves when all that was queued has been handed to the connection. */
  async flush(): Promise<void> {
    await this.#isWriting
  }

  /**
   * The bodies of the frames that arrive, until the peer closes its side. Throws when the stream
   * fails, when it ends inside a frame, and BAD_MESSAGE for a frame that is too long.
   */
  async *frames(): AsyncGenerator<Uint8Array, void, undefined> {
    while (true) {
      const chunks = this.#unread
      this.#unread = []
      for (const chunk of chunks) {
        this.#unreadBytes -= chunk.length
        yield* this.#parser.push(chunk)
      }
      if (this.#unread.length > 0) continue
      this.#resume()
      if (this.#unread.length > 0) continue
      if (this.#error !== undefined) throw this.#error
      if (this.#hasEnded) {
        if (this.#parser.isInside) throw new Error('the stream ended inside a frame')
        return
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Sends what is queued, then closes our side. */
  async close(signal?: AbortSignal): Promise<void> {
    try {
      await this.flush()
      await this.#stream.close(signal === undefined ? {} : { signal })
    } catch (error) {
      this.abort(toError(error))
    }
  }

  /** Ends the stream now; the peer sees a reset, not the reason. */
  abort(error: Error): void {
    this.#unsent = []
    this.#unsentBytes = 0
    this.#stream.abort(error)
    this.#fail(error)
  }

  async #write(): Promise<void> {
    for (let frame = this.#unsent.shift(); frame !== undefined; frame = this.#unsent.shift()) {
      this.#unsentBytes -= frame.length
      if (this.#stream.status !== 'open') return
      if (this.#stream.send(frame)) continue
      await this.#writable()
    }
  }

  async #writable(): Promise<void> {
    const stream = this.#stream
    while (stream.writableNeedsDrain && stream.status === 'open') {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stream.removeEventListener('drain', done)
          stream.removeEventListener('close', done)
          resolve()
        }
        stream.addEventListener('drain', done)
        stream.addEventListener('close', done)
      })
      await nextTurn()
    }
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    const chunks = data instanceof Uint8Array ? [data] : data
    for (const chunk of chunks) {
      this.#unread.push(chunk)
      this.#unreadBytes += chunk.length
    }
    if (this.#unreadBytes > READ_AHEAD_BYTES && !this.#isPaused) {
      this.#isPaused = true
      // Pausing inside this listener while the stream resumes would go on granting window.
      queueMicrotask(() => {
        if (this.#isPaused && this.#stream.readStatus === 'readable') this.#stream.pause()
      })
    }
    this.#kick()
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    this.#kick()
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    this.#hasEnded = true
    this.#error ??= error
    this.#kick()
  }

  #fail(error: Error): void {
    this.#hasEnded = true
    this.#error ??= error
    this.#kick()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  #kick(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
