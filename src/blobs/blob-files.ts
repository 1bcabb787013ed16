/**
 * Blobs from and to files, in steps that are worth a way to the disk and back.
 */
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES_TARGET, FILE_STEP_BYTES } from '../core/limits.ts'

/** Takes the next bytes; a promise when it can take more only later. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void> | undefined

/** Writes a new file, whose bytes `receive` hands over in order; there is none when that fails. */
export async function writeNewFile(
  path: string,
  receive: (write: WriteChunk) => Promise<void> | undefined
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await writeInSteps(file, receive)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

async function writeInSteps(
  file: FileHandle,
  receive: (write: WriteChunk) => Promise<void> | undefined
): Promise<void> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  const flush = async (): Promise<void> => {
    const bytes = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    if (bytes !== undefined) await file.writeFile(bytes)
  }
  try {
    await receive((chunk) => {
      waiting.push(chunk)
      waitingBytes += chunk.length
      return waitingBytes < FILE_STEP_BYTES ? undefined : flush()
    })
    await flush()
  } finally {
    await file.close()
  }
}

/** The bytes of a file from an offset on, in chunks that a message can have. */
export async function* readChunks(
  path: string,
  offset: number
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = createReadStream(path, { start: offset, highWaterMark: FILE_STEP_BYTES })
  for await (const step of stream) yield* chunksOf(step as Buffer)
}

/** The same of bytes in memory. */
export function* chunksOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES_TARGET) {
    yield bytes.subarray(from, from + CHUNK_BYTES_TARGET)
  }
}
