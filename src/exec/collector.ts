/**
 * What a task prints on one stream: in memory while it is little, in a file beyond that.
 */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readFileSync, readSync, renameSync } from 'node:fs'
import { truncateSync, unlinkSync, writeSync } from 'node:fs'
import { INLINE_BYTES_MAX } from '../core/limits.ts'
import type { BlobId } from '../core/types.ts'
import type { Output } from './executor.ts'

const NOTHING = new Uint8Array(0)

/** Shares `bytesMax` between the two streams: neither can take the last half from the other. */
export function shareOfCap(
  stdoutBytes: number,
  stderrBytes: number,
  bytesMax: number
): { stdout: number; stderr: number } {
  const half = Math.floor(bytesMax / 2)
  const stderr = Math.min(stderrBytes, Math.max(bytesMax - stdoutBytes, half))
  return { stdout: Math.min(stdoutBytes, bytesMax - stderr), stderr }
}

export class Collector {
  readonly #path: string
  readonly #bytesMax: number
  #chunks: Uint8Array[] = []
  #kept = 0
  #file: { readonly fd: number; readonly hash: Hash } | undefined
  /** All that was printed, also what is not kept. */
  bytes = 0

  /** Keeps at most `bytesMax`; `path` becomes a file once that is too much for memory. */
  constructor(path: string, bytesMax: number) {
    this.#path = path
    this.#bytesMax = bytesMax
  }

  /** Keeps the chunk itself, no copy. Throws if the file system does not play along. */
  add(chunk: Uint8Array): void {
    this.bytes += chunk.length
    const room = this.#bytesMax - this.#kept
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk
    if (part.length === 0) return
    this.#kept += part.length
    this.#chunks.push(part)
    if (this.#kept > INLINE_BYTES_MAX) this.#spill()
  }

  /** Takes the first `bytes` out; more than fits into a message as the file `handover`. */
  async take(bytes: number, handover: string): Promise<Output> {
    if (this.#file === undefined) return this.takeLittle(bytes)
    const { fd, hash } = this.#file
    closeSync(fd)
    if (bytes <= INLINE_BYTES_MAX) {
      const output = readFileSync(this.#path).subarray(0, bytes)
      unlinkSync(this.#path)
      return output
    }
    const isWhole = bytes === this.#kept
    if (!isWhole) truncateSync(this.#path, bytes)
    const blob = (isWhole ? hash.digest('hex') : await hashOf(this.#path)) as BlobId
    renameSync(this.#path, handover)
    return { path: handover, bytes, blob }
  }

  /** The same for what is in memory. */
  takeLittle(bytes: number): Uint8Array {
    const [first = NOTHING] = this.#chunks
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first
    return bytes < whole.length ? whole.subarray(0, bytes) : whole
  }

  /** At most `bytesMax` of what is kept, from an offset on; empty beyond it. */
  read(offset: number, bytesMax: number): Uint8Array {
    const bytes = Math.max(0, Math.min(bytesMax, this.#kept - offset))
    if (bytes === 0) return NOTHING
    if (this.#file === undefined) return this.#inMemory(offset, bytes)
    const into = Buffer.allocUnsafe(bytes)
    return into.subarray(0, readSync(this.#file.fd, into, 0, bytes, offset))
  }

  /** From the end on: that is where those read who follow. */
  #inMemory(offset: number, bytes: number): Uint8Array {
    const parts: Uint8Array[] = []
    let start = this.#kept
    for (let at = this.#chunks.length - 1; at >= 0 && start > offset; at--) {
      const chunk = this.#chunks[at] ?? NOTHING
      const end = start
      start -= chunk.length
      if (start >= offset + bytes) continue
      parts.push(chunk.subarray(Math.max(0, offset - start), Math.min(end, offset + bytes) - start))
    }
    return Buffer.concat(parts.reverse())
  }

  get isLittle(): boolean {
    return this.#file === undefined
  }

  /** Removes what was kept. */
  drop(): void {
    this.#chunks = []
    if (this.#file === undefined) return
    closeSync(this.#file.fd)
    unlinkSync(this.#path)
    this.#file = undefined
  }

  #spill(): void {
    this.#file ??= { fd: openSync(this.#path, 'wx+', 0o600), hash: createHash('sha256') }
    const { fd, hash } = this.#file
    for (const chunk of this.#chunks) {
      hash.update(chunk)
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
    }
    this.#chunks = []
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: INLINE_BYTES_MAX })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
