/**
 * What a task printed: one fresh file for each stream, so that a process that outlives its task
 * cannot write into the output of a later one.
 */
import { createHash } from 'node:crypto'
import {
  createReadStream,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync
} from 'node:fs'
import { INLINE_BYTES_MAX } from '../core/limits.ts'
import type { BlobId } from '../core/types.ts'
import type { Output } from './executor.ts'

const NOTHING = new Uint8Array(0)

/** The size of a file in bytes; 0 if it was never made. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

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

/** The files of a task. */
export interface Printed {
  readonly stdout: string
  readonly stderr: string
  /** The most bytes of both that are kept. */
  readonly bytesMax: number
}

export interface Gathered {
  /** There was more than `bytesMax`. */
  readonly isCut: boolean
  readonly stdout: Output
  readonly stderr: Output
}

/** Takes over what a task printed if it is little; undefined, and nothing is done, if it is not. */
export function gatherLittle({ stdout, stderr, bytesMax }: Printed): Gathered | undefined {
  const stdoutBytes = fileBytes(stdout)
  const stderrBytes = fileBytes(stderr)
  if (Math.max(stdoutBytes, stderrBytes) > INLINE_BYTES_MAX) return undefined
  if (stdoutBytes + stderrBytes > bytesMax) return undefined
  return {
    isCut: false,
    stdout: takeBytes(stdout, stdoutBytes),
    stderr: takeBytes(stderr, stderrBytes)
  }
}

/**
 * Takes over whatever a task printed: large output is moved to `<handover>.stdout` and
 * `<handover>.stderr`, after `endWriters` has ended whoever may still write to the files.
 */
export async function gatherMuch(
  printed: Printed,
  handover: string,
  endWriters: () => void
): Promise<Gathered> {
  const { bytesMax } = printed
  const stdoutBytes = fileBytes(printed.stdout)
  const stderrBytes = fileBytes(printed.stderr)
  const kept = shareOfCap(stdoutBytes, stderrBytes, bytesMax)
  // A file that is written to after it was hashed would not have its hash.
  if (Math.max(kept.stdout, kept.stderr) > INLINE_BYTES_MAX) endWriters()
  const stdout = await takeOutput(printed.stdout, kept.stdout, `${handover}.stdout`)
  const stderr = await takeOutput(printed.stderr, kept.stderr, `${handover}.stderr`)
  return { isCut: stdoutBytes + stderrBytes > bytesMax, stdout, stderr }
}

/** Small files as bytes, the file removed; larger ones moved to `handover`. */
async function takeOutput(path: string, bytes: number, handover: string): Promise<Output> {
  if (bytes <= INLINE_BYTES_MAX) return takeBytes(path, bytes)
  truncateSync(path, bytes)
  const blob = await hashFile(path)
  renameSync(path, handover)
  return { path: handover, bytes, blob }
}

function takeBytes(path: string, bytes: number): Uint8Array {
  const output = bytes === 0 ? NOTHING : readFileSync(path).subarray(0, bytes)
  removeFile(path)
  return output
}

/** `rmSync` with `force` would look at the file first: this runs twice for every task. */
function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    // A task that could not be started has made no files.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function hashFile(path: string): Promise<BlobId> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: INLINE_BYTES_MAX })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex') as BlobId
}
