/**
 * What a task prints and returns, as it comes out of its child: in memory while it is small, and
 * from then on in a file, hashed as it grows.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { INLINE_BYTES_MAX } from '../../core/limits.ts'
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

export class RunOutput {
  readonly #path: string
  #pieces: Uint8Array[] = []
  #bytes = 0
  #hash = createHash('sha256')
  #file: WriteStream | undefined
  #error: Error | undefined
  readonly #onReadable: () => void

  /**
   * @param path for the file, if there has to be one
   * @param onReadable called when there is more to read
   */
  constructor(path: string, onReadable: () => void) {
    this.#path = path
    this.#onReadable = onReadable
  }

  get bytes(): number {
    return this.#bytes
  }

  /** At most `bytesMax` from an offset on: of what is in memory, or in the file by now. */
  async read({ offset, bytesMax }: Omit<OutputRange, 'stream'>): Promise<Uint8Array> {
    const file = this.#file
    if (file === undefined) {
      return Buffer.concat(this.#pieces).subarray(offset, offset + bytesMax)
    }
    const bytes = Math.min(bytesMax, file.bytesWritten - offset)
    if (bytes <= 0) return NOTHING
    const handle = await open(this.#path, 'r')
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
      if (this.#bytes > INLINE_BYTES_MAX) return this.#open()
      this.#onReadable()
      return true
    }
    this.#hash.update(copy)
    return this.#file.write(copy, this.#onReadable) || this.#file.destroyed
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
    if (file === undefined) return this.#pieces.length === 0 ? NOTHING : Buffer.concat(this.#pieces)
    await closed(file.end())
    if (this.#error !== undefined) throw this.#error
    const blob = this.#hash.digest('hex') as BlobId
    return { path: this.#path, bytes: this.#bytes, blob }
  }

  /** Nobody wants it. */
  async discard(): Promise<void> {
    if (this.#file === undefined) return
    await closed(this.#file.destroy())
    await rm(this.#path, { force: true })
  }

  #open(): boolean {
    const file = createWriteStream(this.#path, { flags: 'wx', mode: 0o600 })
    file.on('error', (error) => (this.#error = error))
    this.#file = file
    const content = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#hash.update(content)
    return file.write(content, this.#onReadable)
  }
}

function closed(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (file.closed) resolve()
    else file.once('close', resolve)
  })
}
