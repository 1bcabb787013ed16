/**
 * Frames: what a session sends at a time. A frame is a length of four bytes, most significant
 * first, and a body; a body is any number of messages:
 *
 *     type (1 byte) · head length (4) · payload length (4) · head · payload
 *
 * Everything that is ready in one turn of the event loop goes into one frame of about 64 KiB.
 */
import { concat } from 'uint8arrays/concat'
import { FRAME_BYTES_MAX, FRAME_BYTES_TARGET } from '../core/limits.ts'
import { badMessage } from './bad-message.ts'
import { encodeHead } from './message-pack-writer.ts'
import type { Field } from './message-pack-writer.ts'

const LENGTH_BYTES = 4
/** A frame in more pieces than this is put together while it comes: each costs more than its bytes. */
const CHUNKS_MAX = 256
const MESSAGE_HEADER_BYTES = 9
const NOTHING = new Uint8Array(0)

/** A message as bytes: its type, the fields of its head, and payloads as they are. */
export interface RawMessage {
  readonly type: number
  readonly fields: readonly Field[]
  readonly payloads: readonly Uint8Array[]
}

/** A message taken out of a frame. `head` and `payload` are views into it. */
export interface ReceivedMessage {
  readonly type: number
  readonly head: Uint8Array
  readonly payload: Uint8Array
}

/** The bytes of one message: a header, its head, and its payloads as they are. */
export function chunksOf({ type, fields, payloads }: RawMessage): Uint8Array[] {
  const head = encodeHead(fields).slice()
  const header = new Uint8Array(MESSAGE_HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint8(0, type)
  view.setUint32(1, head.length)
  view.setUint32(
    5,
    payloads.reduce((sum, payload) => sum + payload.length, 0)
  )
  return [header, head, ...payloads]
}

/** Collects messages into frames. */
export class FrameBuilder {
  #chunks: Uint8Array[] = []
  #bytes = 0
  #frames: Uint8Array[] = []

  /** Adds a message. Throws a RangeError for one that no frame can hold: that is a bug of ours. */
  add(message: RawMessage): void {
    const chunks = chunksOf(message)
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (bytes > FRAME_BYTES_MAX) throw new RangeError(`a message of ${bytes} bytes fits no frame`)
    if (this.#bytes > 0 && this.#bytes + bytes > FRAME_BYTES_TARGET) this.#close()
    this.#chunks.push(...chunks)
    this.#bytes += bytes
  }

  /** What would be in the frame that is not full yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** The frames so far, length included. */
  take(): Uint8Array[] {
    if (this.#bytes > 0) this.#close()
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  #close(): void {
    this.#frames.push(concat([lengthOf(this.#bytes), ...this.#chunks], LENGTH_BYTES + this.#bytes))
    this.#chunks = []
    this.#bytes = 0
  }
}

/** A body with its length before it. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  return concat([lengthOf(body.length), body], LENGTH_BYTES + body.length)
}

function lengthOf(bytes: number): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, bytes)
  return length
}

/** The messages of a frame's body. Throws BAD_MESSAGE when lengths do not add up. */
export function* messagesOf(body: Uint8Array): Generator<ReceivedMessage> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let at = 0
  while (at < body.length) {
    const headAt = at + MESSAGE_HEADER_BYTES
    if (headAt > body.length) throw badMessage('a frame that ends inside a message')
    const payloadAt = headAt + view.getUint32(at + 1)
    const end = payloadAt + view.getUint32(at + 5)
    if (end > body.length) throw badMessage('a message longer than its frame')
    const type = view.getUint8(at)
    yield { type, head: body.subarray(headAt, payloadAt), payload: body.subarray(payloadAt, end) }
    at = end
  }
}

/** Cuts a stream of bytes into the bodies of frames, however the bytes come. */
export class FrameParser {
  readonly #bytesMax: number
  #chunks: Uint8Array[] = []
  #bytes = 0
  #expected: number | undefined = undefined

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** True while a frame has begun and not ended. */
  get isInside(): boolean {
    return this.#bytes > 0 || this.#expected !== undefined
  }

  /** The bodies that are complete with these bytes. Throws BAD_MESSAGE for one that is too long. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    for (const pieces of this.pushPieces(chunk)) yield wholeOf(pieces)
  }

  /** The same, each body in the pieces it came in: whoever copies them anyway has no need of one. */
  *pushPieces(chunk: Uint8Array): Generator<readonly Uint8Array[]> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#chunks.length > CHUNKS_MAX) this.#chunks = [concat(this.#chunks)]
    while (true) {
      if (this.#expected === undefined) {
        if (this.#bytes < LENGTH_BYTES) return
        const length = wholeOf(this.#take(LENGTH_BYTES))
        this.#expected = new DataView(length.buffer, length.byteOffset).getUint32(0)
        if (this.#expected > this.#bytesMax) {
          throw badMessage(`a frame of ${this.#expected} bytes, ${this.#bytesMax} are the most`)
        }
      }
      if (this.#bytes < this.#expected) return
      const body = this.#take(this.#expected)
      this.#expected = undefined
      yield body
    }
  }

  #take(bytes: number): Uint8Array[] {
    this.#bytes -= bytes
    const taken: Uint8Array[] = []
    for (let left = bytes; left > 0;) {
      const first = this.#chunks[0] ?? NOTHING
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left)
        taken.push(first.subarray(0, left))
        break
      }
      this.#chunks.shift()
      taken.push(first)
      left -= first.length
    }
    return taken
  }
}

/** The pieces of a body as one. */
export function wholeOf(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = NOTHING] = pieces
  return pieces.length > 1 ? concat([...pieces]) : first
}
