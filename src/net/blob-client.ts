/**
 * Fetches blobs of a peer: asked for by hash, verified before they are believed. A stream is kept for
 * the next blob, as opening one takes as long as 64 KiB on it.
 */
import { createHash } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { P2pJobsError, toError } from '../core/errors.ts'
import { CHUNK_BYTES } from '../core/limits.ts'
import type { BlobRef, Millis } from '../core/types.ts'
import { BLOB_PROTOCOL, decodeBlobAnswer, encodeBlobRequest } from '../wire/blob.ts'
import { badMessage } from '../wire/bad-message.ts'
import { encodeFrame, wholeOf } from '../wire/frame.ts'
import { FrameStream } from './frame-stream.ts'
import { outletOf } from './outlet.ts'
import { STALL_MS, StallTimer } from './stall-timer.ts'

const OPEN_TIMEOUT_MS = 5_000
/** How long a stream is kept that nothing is fetched on. */
const IDLE_MS = 10_000

/** Takes the next bytes of a blob; a promise when it can take more only later. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void> | undefined

interface BlobStream {
  readonly frames: FrameStream
  readonly bodies: AsyncIterator<readonly Uint8Array[], void>
}

export interface BlobClientInit {
  /** A transfer that does not move for this long is given up. */
  readonly stallMs?: Millis
  readonly idleMs?: Millis
}

export class BlobClient {
  readonly #connection: Connection
  readonly #stallMs: Millis
  readonly #idleMs: Millis
  /** The one used last at the end: those that are not needed grow old. */
  readonly #idle: { readonly stream: BlobStream; readonly timer: NodeJS.Timeout }[] = []

  constructor(connection: Connection, init: BlobClientInit = {}) {
    this.#connection = connection
    this.#stallMs = init.stallMs ?? STALL_MS
    this.#idleMs = init.idleMs ?? IDLE_MS
  }

  /**
   * Fetches a whole blob and hands over its chunks in order. Throws BLOB_NOT_FOUND when the peer
   * refuses, BLOB_DAMAGED when the bytes are not those of the hash: then the chunks are worthless.
   */
  async fetch(ref: BlobRef, write: WriteChunk, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const stream = this.#takeIdle() ?? (await this.#open(signal))
    const { frames } = stream
    const timer = new StallTimer(frames, this.#stallMs)
    const abort = (): void => frames.abort(toError(signal.reason))
    signal.addEventListener('abort', abort)
    try {
      timer.moves()
      frames.send([encodeFrame(encodeBlobRequest({ ...ref, offset: 0 }))])
      await receive(stream, ref, (chunk) => {
        timer.moves()
        return write(chunk)
      })
      this.#keep(stream)
    } catch (error) {
      frames.abort(toError(error))
      throw error
    } finally {
      timer.rests()
      signal.removeEventListener('abort', abort)
    }
  }

  async #open(signal: AbortSignal): Promise<BlobStream> {
    const opening = AbortSignal.any([signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
    const stream = await this.#connection.newStream(BLOB_PROTOCOL, { signal: opening })
    const limits = { frameBytesMax: CHUNK_BYTES }
    const frames = new FrameStream(stream, outletOf(this.#connection), limits)
    return { frames, bodies: frames.pieces() }
  }

  #takeIdle(): BlobStream | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (idle.stream.frames.isOpen) return idle.stream
      void idle.stream.frames.close()
    }
    return undefined
  }

  #keep(stream: BlobStream): void {
    const onOld = (): void => {
      this.#idle.splice(this.#idle.indexOf(idle), 1)
      void stream.frames.close()
    }
    const idle = { stream, timer: setTimeout(onOld, this.#idleMs).unref() }
    this.#idle.push(idle)
  }
}

const clients = new WeakMap<Connection, BlobClient>()

/** The one client of a connection. */
export function blobClientOf(connection: Connection): BlobClient {
  let client = clients.get(connection)
  if (client === undefined) clients.set(connection, (client = new BlobClient(connection)))
  return client
}

async function receive(stream: BlobStream, ref: BlobRef, write: WriteChunk): Promise<void> {
  const refusal = decodeBlobAnswer(wholeOf(await nextBody(stream, ref, 0)))
  if (refusal !== undefined) throw new P2pJobsError('BLOB_NOT_FOUND', refusal)
  const hash = createHash('sha256')
  let bytes = 0
  while (bytes < ref.bytes) {
    const pieces = await nextBody(stream, ref, bytes)
    if (pieces.length === 0) throw badMessage('a chunk of a blob without a byte')
    for (const piece of pieces) {
      bytes += piece.length
      if (bytes > ref.bytes) throw badMessage('more bytes than the blob has')
      hash.update(piece)
      const writing = write(piece)
      if (writing !== undefined) await writing
    }
  }
  if (hash.digest('hex') !== ref.blob) {
    throw new P2pJobsError('BLOB_DAMAGED', `the bytes sent as blob ${ref.blob} are others`)
  }
}

/** The next frame of a blob of which so many bytes have come. */
async function nextBody(
  { frames, bodies }: BlobStream,
  { blob }: BlobRef,
  bytes: number
): Promise<readonly Uint8Array[]> {
  const { value: pieces } = await bodies.next()
  if (pieces !== undefined) return pieces
  // A peer that closes the stream is to blame; one whose connection is gone is not.
  throw frames.isWritable
    ? new P2pJobsError('BLOB_DAMAGED', `blob ${blob} was cut off after ${bytes} bytes`)
    : new P2pJobsError('UNREACHABLE', 'the connection ended during the transfer of a blob')
}
