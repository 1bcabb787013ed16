/**
 * What a task prints and returns, as it comes out of its child: in memory while that has room for
 * it, and from then on in a file.
 */
import { createHash, hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { Budget } from '../../core/budget.ts'
import { FILE_STEP_BYTES, INLINE_BYTES_MAX, OUTPUT_IN_MEMORY_BYTES_MAX } from '../../core/limits.ts'
import type { BlobId } from '../../core/types.ts'
import type { Output, OutputRange } from '../executor.ts'

const NOTHING = new Uint8Array(0)

/** As much beside the bytes may stay in memory with them. */
const BESIDE_BYTES_MAX = 64

/** The bytes, without the chunk they came in. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return NOTHING
  // Large frames have memory of their own.
  if (bytes.buffer.byteLength - bytes.length <= BESIDE_BYTES_MAX) return bytes
  return Buffer.from(bytes)
}

export interface RunOutputInit {
  /** Of the file, if there has to be one. */
  readonly path: string
  /** The memory for all output that is too large for a message. */
  readonly memory: Budget
  /** Called when there is more to read. */
  readonly onReadable: () => void
}

export class RunOutput {
  readonly #init: RunOutputInit
  #pieces: Uint8Array[] = []
  #bytes = 0
  /** What it has taken of the memory for all. */
  #taken = 0
  #file: WriteStream | undefined
  #hash = createHash('sha256')
  #error: Error | undefined

  constructor(init: RunOutputInit) {
    this.#init = init
  }

  get bytes(): number {
    return this.#bytes
  }

  /** At most `bytesMax` from an offset on: of what is in memory, or in the file by now. */
  async read({ offset, bytesMax }: Omit<OutputRange, 'stream'>): Promise<Uint8Array> {
    const file = this.#file
    if (file === undefined) return partOf(this.#pieces, offset, bytesMax)
    const bytes = Math.min(bytesMax, file.bytesWritten - offset)
    if (bytes <= 0) return NOTHING
    const handle = await open(this.#init.path, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  /** Copies what it keeps. False while the disk is behind. */
  add(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    const copy = copyOf(bytes)
    this.#bytes += copy.length
    if (this.#file === undefined) {
      this.#pieces.push(copy)
      if (!this.#hasRoom()) return this.#open()
      this.#init.onReadable()
      return true
    }
    this.#hash.update(copy)
    return this.#file.write(copy, this.#init.onReadable) || this.#file.destroyed
  }

  /** Resolves when more can be added without piling up. */
  async drained(): Promise<void> {
    const file = this.#file
    if (file === undefined || file.destroyed || !file.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const onDrained = (): void => {
        file.off('drain', onDrained).off('close', onDrained)
        resolve()
      }
      file.on('drain', onDrained).on('close', onDrained)
    })
  }

  /** All of it. Rejects if the file could not be written. */
  async end(): Promise<Output> {
    const file = this.#file
    if (file === undefined) return this.#hold()
    await closed(file.end())
    if (this.#error !== undefined) throw this.#error
    const blob = this.#hash.digest('hex') as BlobId
    return { path: this.#init.path, bytes: this.#bytes, blob }
  }

  /** Nobody wants it. */
  async discard(): Promise<void> {
    this.#letGo()
    if (this.#file === undefined) return
    await closed(this.#file.destroy())
    await rm(this.#init.path, { force: true })
  }

  #hold(): Output {
    const [first = NOTHING] = this.#pieces
    const held = this.#pieces.length > 1 ? wholeOf(this.#pieces, this.#bytes) : first
    if (held.length <= INLINE_BYTES_MAX) return held
    const blob = hash('sha256', held, 'hex') as BlobId
    return { held, blob, letGo: () => this.#letGo() }
  }

  /** What a message can have may be in memory anyway. */
  #hasRoom(): boolean {
    if (this.#bytes <= INLINE_BYTES_MAX) return true
    const more = this.#bytes - this.#taken
    if (this.#bytes > OUTPUT_IN_MEMORY_BYTES_MAX || !this.#init.memory.take(more)) return false
    this.#taken += more
    return true
  }

  #letGo(): void {
    this.#init.memory.give(this.#taken)
    this.#taken = 0
  }

  #open(): boolean {
    const { path, onReadable } = this.#init
    const file = createWriteStream(path, {
      flags: 'wx',
      mode: 0o600,
      highWaterMark: FILE_STEP_BYTES
    })
    file.on('error', (error) => (this.#error = error))
    this.#file = file
    const content = wholeOf(this.#pieces, this.#bytes)
    this.#pieces = []
    this.#hash.update(content)
    return file.write(content, () => {
      this.#letGo()
      onReadable()
    })
  }
}

function wholeOf(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  // Not of the memory that small buffers share.
  const whole = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function partOf(pieces: readonly Uint8Array[], offset: number, bytesMax: number): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  for (const piece of pieces) {
    const start = Math.max(0, offset - at)
    if (start < piece.length) parts.push(piece.subarray(start, offset + bytesMax - at))
    at += piece.length
    if (at >= offset + bytesMax) break
  }
  return Buffer.concat(parts)
}

function closed(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (file.closed) resolve()
    else file.once('close', resolve)
  })
}
