/**
 * Frames on the pipes between a node and a child that runs functions: u32 length of what follows,
 * u8 type, fields, bytes to the end (numbers little-endian).
 *
 * Tens of thousands pass every second, so they have fixed layouts (child-messages.ts) and are
 * written one behind the other into one buffer; large bytes are never copied into it.
 */
import { VALUE_BYTES_MAX } from '../../core/limits.ts'
import { putF64, putU32, readU32 } from './numbers.ts'

const LENGTH_BYTES = 4
const BUFFER_BYTES = 64 * 1024
/** Bytes from this size on are handed on as they are. */
const LARGE_BYTES = 16 * 1024
/** A frame carries one value at most, and little beside it. */
export const CHILD_FRAME_BYTES_MAX = VALUE_BYTES_MAX + BUFFER_BYTES

const NOTHING = Buffer.alloc(0)

/** Gathers frames until they are written. */
export class FrameWriter {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  #start = 0
  #at = 0
  #pieces: Uint8Array[] = []

  get isEmpty(): boolean {
    return this.#at === this.#start && this.#pieces.length === 0
  }

  /** Begins a frame whose fields and bytes take `bodyBytes`; they have to follow. */
  begin(type: number, bodyBytes: number): void {
    this.u32(bodyBytes + 1)
    this.u8(type)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = value
  }

  u32(value: number): void {
    this.#reserve(4)
    putU32(this.#buffer, this.#at, value)
    this.#at += 4
  }

  f64(value: number): void {
    this.#reserve(8)
    putF64(this.#buffer, this.#at, value)
    this.#at += 8
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length >= LARGE_BYTES) {
      this.#cut()
      this.#pieces.push(bytes)
      return
    }
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** All frames so far. They stay as they are: the next ones get a buffer of their own. */
  take(): readonly Uint8Array[] {
    this.#cut()
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  /** Hands all frames so far to `write`, which is done with them when it returns. */
  drainTo(write: (bytes: Uint8Array) => void): void {
    for (const piece of this.take()) write(piece)
    this.#start = 0
    this.#at = 0
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= BUFFER_BYTES) return
    this.#cut()
    this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
    this.#start = 0
    this.#at = 0
  }

  #cut(): void {
    if (this.#at > this.#start) this.#pieces.push(this.#buffer.subarray(this.#start, this.#at))
    this.#start = this.#at
  }
}

/** Cuts the chunks of a pipe into frames. */
export class FrameCutter {
  readonly #bytesMax: number
  /** The beginning of the length of the next frame. */
  #head: Buffer = NOTHING
  /** The frame of which only the first `#filled` bytes have come. */
  #frame: Buffer | undefined
  #filled = 0

  /** @param bytesMax a longer frame is refused before anything is allocated for it */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /**
   * Calls `onFrame` with the type and fields of every frame that `chunk` completes. They may be a
   * view of the chunk. Throws for a frame that is empty or too long.
   */
  cut(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    const buffer = this.#complete(chunk, onFrame)
    let at = 0
    while (buffer.length - at >= LENGTH_BYTES) {
      const length = readU32(buffer, at)
      if (length === 0 || length > this.#bytesMax)
        throw new RangeError(`a frame of ${length} bytes`)
      const start = at + LENGTH_BYTES
      if (start + length > buffer.length) {
        this.#frame = Buffer.allocUnsafeSlow(length)
        this.#filled = buffer.copy(this.#frame, 0, start)
        return
      }
      at = start + length
      onFrame(buffer.subarray(start, at))
    }
    this.#head = buffer.subarray(at)
  }

  /** Puts `chunk` behind what came before; what is left of it has to be cut. */
  #complete(chunk: Buffer, onFrame: (frame: Buffer) => void): Buffer {
    const frame = this.#frame
    if (frame === undefined) {
      const buffer = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
      this.#head = NOTHING
      return buffer
    }
    const copied = chunk.copy(frame, this.#filled)
    this.#filled += copied
    if (this.#filled === frame.length) {
      this.#frame = undefined
      onFrame(frame)
    }
    return chunk.subarray(copied)
  }
}
