/**
 * Frames over a libp2p stream, in both directions, with backpressure.
 *
 * What is sent leaves by the connection's outlet, in turn with its other streams. What arrives is
 * held back by pausing the stream, as iterating it would read without end.
 *
 * A killed peer's stream ends like one that was closed: the end of a stream proves nothing, and
 * what has to be known to have ended says so in a frame of its own.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { P2pJobsError, toError } from '../core/errors.ts'
import { FRAME_BYTES_MAX } from '../core/limits.ts'
import { Queue } from '../core/queue.ts'
import { badMessage } from '../wire/bad-message.ts'
import { FrameParser, wholeOf } from '../wire/frame.ts'
import type { Outlet } from './outlet.ts'

/** Unread bytes above which the sender is held back. */
const READ_AHEAD_BYTES = 1024 * 1024
/** Unsent bytes above which the peer is given up: its credit allows nothing near it. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024
/** What a frame that waits costs beside its bytes. */
const FRAME_OVERHEAD_BYTES = 128
const CLOSE_TIMEOUT_MS = 10_000

export interface FrameStreamLimits {
  /** The longest frame that is read. */
  readonly frameBytesMax?: number
  /** The most that waits to be sent. */
  readonly unsentBytesMax?: number
  /** How long closing waits for what is unsent. */
  readonly closeTimeoutMs?: number
}

export class FrameStream {
  readonly #stream: Stream
  readonly #outlet: Outlet
  readonly #parser: FrameParser
  readonly #unsentBytesMax: number
  readonly #closeTimeoutMs: number
  #unsent = new Queue<Uint8Array>()
  #unsentBytes = 0
  /** The outlet knows that there is something to send. */
  #isSending = false
  #sent: PromiseWithResolvers<undefined> | undefined
  #unread: Uint8Array[] = []
  #unreadBytes = 0
  #isPaused = false
  #hasEnded = false
  #error: Error | undefined
  #closed: Promise<void> | undefined
  /** Goes on with reading. */
  #wake: (() => void) | undefined

  /** To be made in the same turn in which the stream was opened, or what it sends may be missed. */
  constructor(stream: Stream, outlet: Outlet, limits: FrameStreamLimits = {}) {
    this.#stream = stream
    this.#outlet = outlet
    this.#parser = new FrameParser(limits.frameBytesMax ?? FRAME_BYTES_MAX)
    this.#unsentBytesMax = limits.unsentBytesMax ?? UNSENT_BYTES_MAX
    this.#closeTimeoutMs = limits.closeTimeoutMs ?? CLOSE_TIMEOUT_MS
    stream.addEventListener('message', this.#onMessage)
    // Not `remoteCloseWrite`: that one comes before what is still in the read buffer.
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    if (stream.status !== 'open') this.#fail(new Error(`the stream is ${stream.status}`))
    else if (stream.readableEnded && stream.readBufferLength === 0) this.#onEnd()
  }

  /** Frames can be sent. */
  get isWritable(): boolean {
    return this.#stream.status === 'open' && this.#stream.writeStatus === 'writable'
  }

  /** Frames can be sent, and may still come. */
  get isOpen(): boolean {
    return this.isWritable && !this.#hasEnded
  }

  /** Queues frames (length included), in order. What cannot be sent any more is dropped. */
  send(frames: readonly Uint8Array[]): void {
    if (!this.isWritable) return
    for (const frame of frames) {
      this.#unsent.push(frame)
      this.#unsentBytes += frame.length + FRAME_OVERHEAD_BYTES
    }
    if (!this.#isSending && frames.length > 0) {
      this.#isSending = true
      this.#outlet.add(this.#stream, this.#sendNext)
    }
    if (this.#unsentBytes > this.#unsentBytesMax) {
      this.abort(new P2pJobsError('UNREACHABLE', 'the peer does not read what it asked for'))
    }
  }

  /** Resolves when all that was queued has been handed to the connection. Throws if it cannot be. */
  async flush(): Promise<void> {
    while (this.#isSending && this.isWritable)
      await (this.#sent ??= Promise.withResolvers<undefined>()).promise
    if (this.isWritable) return
    const { status } = this.#stream
    const state = status === 'open' ? 'closed from here' : status
    throw this.#error ?? new Error(`the stream is ${state}`)
  }

  /**
   * The bodies of the frames that arrive, until the peer closes its side. Throws when the stream
   * fails, when it ends inside a frame, and BAD_MESSAGE for a frame that is too long.
   */
  async *frames(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const pieces of this.pieces()) yield wholeOf(pieces)
  }

  /** The same, each body in the pieces it came in. */
  async *pieces(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    while (true) {
      yield* this.#takeFrames()
      this.#resume()
      if (this.#unread.length > 0) continue
      if (this.#isOver()) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }

  /**
   * Calls `onFrame` with the body of every frame within the very event that brings it, and resolves
   * when the peer closes its side: a promise for each would take longer than most frames. Throws
   * like `frames`, and what `onFrame` throws.
   */
  async forEachFrame(onFrame: (body: Uint8Array) => void): Promise<void> {
    const over = Promise.withResolvers<undefined>()
    this.#wake = () => {
      try {
        for (const pieces of this.#takeFrames()) onFrame(wholeOf(pieces))
        if (this.#hasEnded) over.resolve(undefined)
      } catch (error) {
        over.reject(toError(error))
      }
    }
    this.#resume()
    this.#wake()
    await over.promise
    this.#wake = undefined
    // Only now: why the stream has ended may show later in the same turn.
    this.#isOver()
  }

  *#takeFrames(): Generator<readonly Uint8Array[], void, undefined> {
    while (this.#unread.length > 0) {
      const chunks = this.#unread
      this.#unread = []
      for (const chunk of chunks) {
        this.#unreadBytes -= chunk.length
        yield* this.#parser.pushPieces(chunk)
      }
    }
  }

  /** All was read, and the peer has closed its side. Throws when that is not how the stream ended. */
  #isOver(): boolean {
    if (this.#unread.length > 0) return false
    if (this.#error !== undefined) throw this.#error
    if (this.#hasEnded && this.#parser.isInside) throw this.#cutOff()
    return this.#hasEnded
  }

  /** A peer that closes inside a frame says nonsense; one that is killed there does not. */
  #cutOff(): Error {
    if (this.#stream.status === 'open') return badMessage('a stream that ends inside a frame')
    return new P2pJobsError('UNREACHABLE', 'the connection ended inside a frame')
  }

  /**
   * Sends what is queued, then closes our side; a peer that does not take it in time is given up.
   * Can be called again.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const timer = setTimeout(() => {
      this.abort(new P2pJobsError('UNREACHABLE', 'the peer does not read what was sent last'))
    }, this.#closeTimeoutMs)
    try {
      await this.flush()
      await this.#stream.close()
    } catch (error) {
      this.abort(toError(error))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the stream now; the peer sees a reset, not the reason. */
  abort(error: Error): void {
    this.#unsent = new Queue()
    this.#unsentBytes = 0
    this.#stream.abort(error)
    this.#fail(error)
  }

  readonly #sendNext = (): boolean => {
    const frame = this.isWritable ? this.#unsent.shift() : undefined
    if (frame !== undefined) {
      this.#unsentBytes -= frame.length + FRAME_OVERHEAD_BYTES
      this.#trySend(frame)
      if (this.#unsent.size > 0) return true
    }
    this.#isSending = false
    this.#releaseFlush()
    return false
  }

  #trySend(frame: Uint8Array): void {
    try {
      this.#stream.send(frame)
    } catch (error) {
      this.abort(toError(error))
    }
  }

  #releaseFlush(): void {
    this.#sent?.resolve(undefined)
    this.#sent = undefined
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    const chunks = data instanceof Uint8Array ? [data] : data
    for (const chunk of chunks) {
      this.#unread.push(chunk)
      this.#unreadBytes += chunk.length
    }
    // What was left over when the protocol had been agreed on may come after the end.
    if (this.#stream.readableEnded) this.#hasEnded = true
    this.#kick()
    if (this.#unreadBytes > READ_AHEAD_BYTES && !this.#isPaused) {
      this.#isPaused = true
      // Pausing inside this listener while the stream resumes would go on granting window.
      queueMicrotask(() => {
        if (this.#isPaused && this.#stream.readStatus === 'readable') this.#stream.pause()
      })
    }
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    this.#kick()
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => this.#fail(error)

  #fail(error: Error | undefined): void {
    this.#hasEnded = true
    this.#error ??= error
    this.#kick()
    this.#releaseFlush()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  #kick(): void {
    this.#wake?.()
  }
}
