/**
 * Blobs between nodes: asked for by hash, sent in chunks, verified before they are believed.
 */
import { createHash } from 'node:crypto'
import type { Connection, Stream } from '@libp2p/interface'
import { P2pJobsError, toError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import type { BlobRef } from '../core/types.ts'
import { badMessage } from '../wire/codec.ts'
import {
  BLOB_REQUEST_BYTES_MAX,
  decodeBlobAnswer,
  decodeBlobRequest,
  encodeBlobAnswer,
  encodeBlobRequest
} from '../wire/blob.ts'
import type { BlobRequest } from '../wire/blob.ts'
import { encodeFrame, wholeOf } from '../wire/frame.ts'
import { FrameStream } from './frame-stream.ts'
import { outletOf } from './outlet.ts'
import type { Outlet } from './outlet.ts'

export const BLOB_PROTOCOL = '/p2pjobs/blob/1.0.0'

const OPEN_TIMEOUT_MS = 5_000
/** A transfer that does not move for this long is given up: it may last as long as it moves. */
const STALL_MS = 30_000

/** Opens a blob. Throws, at once, for one that the asker may not read. */
export type OpenBlob = (request: BlobRequest) => Chunks

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Takes the next bytes of a blob; a promise when it can take more only later. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void> | undefined

/**
 * Answers one request, chunk by chunk as the asker reads. Throws what ended the transfer: the
 * stream is reset then.
 */
export async function serveBlob(
  stream: Stream,
  outlet: Outlet,
  open: OpenBlob,
  stallMs = STALL_MS
): Promise<void> {
  const frames = new FrameStream(stream, outlet, { frameBytesMax: BLOB_REQUEST_BYTES_MAX })
  await unlessStalled(frames, stallMs, async (moves) => {
    const { value: question } = await frames.frames().next()
    if (question === undefined) throw cutOff(frames, badMessage('no request for a blob'))
    const request = decodeBlobRequest(question)
    let chunks: Chunks
    try {
      chunks = open(request)
    } catch (error) {
      frames.send([encodeFrame(encodeBlobAnswer(toError(error).message))])
      return
    }
    frames.send([encodeFrame(encodeBlobAnswer(undefined))])
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += CHUNK_BYTES) {
        frames.send([encodeFrame(chunk.subarray(from, from + CHUNK_BYTES))])
      }
      await frames.flush()
      moves()
    }
  })
}

/**
 * Fetches a whole blob and hands over its chunks in order. Throws BLOB_NOT_FOUND when the peer
 * refuses, BLOB_DAMAGED when the bytes are not those of the hash: then the chunks are worthless.
 */
export async function fetchBlob(
  connection: Connection,
  ref: BlobRef,
  write: WriteChunk,
  signal: AbortSignal,
  stallMs = STALL_MS
): Promise<void> {
  const opening = AbortSignal.any([signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
  const stream = await connection.newStream(BLOB_PROTOCOL, { signal: opening })
  const frames = new FrameStream(stream, outletOf(connection), { frameBytesMax: CHUNK_BYTES })
  const abort = (): void => frames.abort(toError(signal.reason))
  signal.addEventListener('abort', abort)
  try {
    await unlessStalled(frames, stallMs, async (moves) => {
      frames.send([encodeFrame(encodeBlobRequest({ ...ref, offset: 0 }))])
      await receive(frames, ref, (chunk) => {
        moves()
        return write(chunk)
      })
    })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Does the work, which says when it moves, and closes the stream; resets it when that fails. */
async function unlessStalled(
  frames: FrameStream,
  stallMs: number,
  work: (moves: () => void) => Promise<void>
): Promise<void> {
  const timer = setTimeout(() => {
    frames.abort(new P2pJobsError('UNREACHABLE', 'the transfer of a blob does not move'))
  }, stallMs)
  try {
    await work(() => timer.refresh())
    await frames.close()
  } catch (error) {
    frames.abort(toError(error))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function receive(frames: FrameStream, ref: BlobRef, write: WriteChunk): Promise<void> {
  const hash = createHash('sha256')
  let isAnswered = false
  let bytes = 0
  for await (const pieces of frames.pieces()) {
    if (!isAnswered) {
      const refusal = decodeBlobAnswer(wholeOf(pieces))
      if (refusal !== undefined) throw new P2pJobsError('BLOB_NOT_FOUND', refusal)
      isAnswered = true
      if (ref.bytes === 0) break
      continue
    }
    if (pieces.length === 0) throw badMessage('a chunk of a blob without a byte')
    for (const piece of pieces) {
      bytes += piece.length
      if (bytes > ref.bytes) throw badMessage('more bytes than the blob has')
      hash.update(piece)
      const writing = write(piece)
      if (writing !== undefined) await writing
    }
    if (bytes === ref.bytes) break
  }
  if (bytes !== ref.bytes) {
    const what = `blob ${ref.blob} was cut off after ${bytes} bytes`
    throw cutOff(frames, new P2pJobsError('BLOB_DAMAGED', what))
  }
  if (hash.digest('hex') !== ref.blob) {
    throw new P2pJobsError('BLOB_DAMAGED', `the bytes sent as blob ${ref.blob} are others`)
  }
}

/** Why a stream ended too early: its peer closed it, unless the connection is gone. */
function cutOff(frames: FrameStream, offence: Error): Error {
  if (frames.isWritable) return offence
  return new P2pJobsError('UNREACHABLE', 'the connection ended during the transfer of a blob')
}
