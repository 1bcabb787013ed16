/**
 * Serves blobs to a peer: asked for by hash, sent in chunks, one after the other on a stream.
 */
import type { Stream } from '@libp2p/interface'
import { operatingErrorOf, toError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import { BLOB_REQUEST_BYTES_MAX, decodeBlobRequest, encodeBlobAnswer } from '../wire/blob.ts'
import type { BlobRequest } from '../wire/blob.ts'
import { badMessage } from '../wire/bad-message.ts'
import { encodeFrame } from '../wire/frame.ts'
import { FrameStream } from './frame-stream.ts'
import type { Outlet } from './outlet.ts'
import { STALL_MS, StallTimer } from './stall-timer.ts'

/** Opens a blob. Throws, at once, for one that the asker may not read. */
export type OpenBlob = (request: BlobRequest) => Chunks

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Answers every request on a stream, chunk by chunk as the asker reads, until that one closes. Throws
 * what ended a transfer, and what is no request: the stream is reset then. A stream that ends in
 * between, however it does, is missed by nobody.
 */
export async function serveBlobs(
  stream: Stream,
  outlet: Outlet,
  open: OpenBlob,
  stallMs = STALL_MS
): Promise<void> {
  const frames = new FrameStream(stream, outlet, { frameBytesMax: BLOB_REQUEST_BYTES_MAX })
  const timer = new StallTimer(frames, stallMs)
  let isKept = false
  try {
    timer.moves()
    for await (const question of frames.frames()) {
      isKept = false
      await answer(frames, decodeBlobRequest(question), open, timer)
      // The asker may keep the stream for its next request, as long as it likes.
      timer.rests()
      isKept = true
    }
    if (!isKept && frames.isWritable) throw badMessage('no request for a blob')
    await frames.close()
  } catch (error) {
    frames.abort(toError(error))
    if (!isKept || operatingErrorOf(error)?.code === 'BAD_MESSAGE') throw error
  } finally {
    timer.rests()
  }
}

async function answer(
  frames: FrameStream,
  request: BlobRequest,
  open: OpenBlob,
  timer: StallTimer
): Promise<void> {
  let chunks: Chunks
  try {
    chunks = open(request)
  } catch (error) {
    frames.send([encodeFrame(encodeBlobAnswer(toError(error).message))])
    return
  }
  timer.moves()
  frames.send([encodeFrame(encodeBlobAnswer(undefined))])
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += CHUNK_BYTES) {
      frames.send([encodeFrame(chunk.subarray(from, from + CHUNK_BYTES))])
    }
    await frames.flush()
    timer.moves()
  }
}
