/**
 * Blobs between nodes: asked for by hash, sent in chunks, verified before they are believed.
 */
import { createHash } from 'node:crypto'
import type { Connection, Stream } from '@libp2p/interface'
import { P2pJobsError, toError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import type { BlobRef, NodeId } from '../core/types.ts'
import { badMessage } from '../wire/codec.ts'
import {
  decodeBlobAnswer,
  decodeBlobRequest,
  encodeBlobAnswer,
  encodeBlobRequest
} from '../wire/blob.ts'
import type { BlobRequest } from '../wire/blob.ts'
import { encodeFrame } from '../wire/frame.ts'
import { FrameStream } from './frame-stream.ts'

export const BLOB_PROTOCOL = '/p2pjobs/blob/1.0.0'

/** Opens a blob that this peer may read. Throws a P2pJobsError for one it may not. */
export type OpenBlob = (peer: NodeId, request: BlobRequest) => AsyncIterable<Uint8Array>

/** Answers one request, chunk by chunk as the asker reads. */
export async function serveBlob(stream: Stream, peer: NodeId, open: OpenBlob): Promise<void> {
  const frames = new FrameStream(stream)
  try {
    const { value: question } = await frames.frames().next()
    if (question === undefined) return
    const chunks = open(peer, decodeBlobRequest(question))
    frames.send([encodeFrame(encodeBlobAnswer(undefined))])
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += CHUNK_BYTES) {
        frames.send([encodeFrame(chunk.subarray(from, from + CHUNK_BYTES))])
      }
      await frames.flush()
    }
    await frames.close()
  } catch (error) {
    const reason = toError(error).message
    frames.send([encodeFrame(encodeBlobAnswer(reason))])
    await frames.close()
  }
}

/**
 * Fetches a whole blob and hands over its chunks in order. Throws BLOB_NOT_FOUND when the peer
 * refuses, BLOB_DAMAGED when the bytes are not those of the hash: then the chunks are worthless.
 */
export async function fetchBlob(
  connection: Connection,
  ref: BlobRef,
  write: (chunk: Uint8Array) => Promise<void>,
  signal: AbortSignal
): Promise<void> {
  const stream = await connection.newStream(BLOB_PROTOCOL, { signal })
  const frames = new FrameStream(stream)
  const abort = (): void => frames.abort(toError(signal.reason))
  signal.addEventListener('abort', abort)
  try {
    frames.send([encodeFrame(encodeBlobRequest({ ...ref, offset: 0 }))])
    await receive(frames, ref, write)
    await frames.close()
  } catch (error) {
    frames.abort(toError(error))
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function receive(
  frames: FrameStream,
  ref: BlobRef,
  write: (chunk: Uint8Array) => Promise<void>
): Promise<void> {
  const hash = createHash('sha256')
  let isAnswered = false
  let bytes = 0
  for await (const frame of frames.frames()) {
    if (!isAnswered) {
      const refusal = decodeBlobAnswer(frame)
      if (refusal !== undefined) throw new P2pJobsError('BLOB_NOT_FOUND', refusal)
      isAnswered = true
      if (ref.bytes === 0) break
      continue
    }
    bytes += frame.length
    if (bytes > ref.bytes) throw badMessage('more bytes than the blob has')
    hash.update(frame)
    await write(frame)
    if (bytes === ref.bytes) break
  }
  if (bytes !== ref.bytes || hash.digest('hex') !== ref.blob) {
    throw new P2pJobsError('BLOB_DAMAGED', `blob ${ref.blob} arrived damaged or cut off`)
  }
}
