/** Two nodes, one of which serves blobs to the other. */
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CHUNK_BYTES } from '../../src/core/limits.ts'
import type { BlobId, BlobRef } from '../../src/core/types.ts'
import { BlobClient } from '../../src/net/blob-client.ts'
import { serveBlobs } from '../../src/net/blob-server.ts'
import type { OpenBlob } from '../../src/net/blob-server.ts'
import { outletOf } from '../../src/net/outlet.ts'
import { BLOB_PROTOCOL, decodeBlobRequest, encodeBlobAnswer } from '../../src/wire/blob.ts'
import type { BlobRequest } from '../../src/wire/blob.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { RawStream } from './raw-peer.ts'
import { StreamPairs } from './stream-pairs.ts'
import { codeIn } from './code-of.ts'

/** The answer before the bytes of a blob. */
export const HERE_IT_COMES = encodeFrame(encodeBlobAnswer(undefined))

export function refOf(bytes: Uint8Array): BlobRef {
  const blob = createHash('sha256').update(bytes).digest('hex') as BlobId
  return { blob, bytes: bytes.length }
}

export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  }
  return chunks
}

/** What a file would give. */
export async function* source(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await nextTurn()
    yield chunk
  }
}

export interface Fetched {
  readonly bytes: Buffer
  readonly problem: string
}

export interface FetchInit {
  readonly signal?: AbortSignal
  readonly client?: BlobClient
}

export class BlobStage {
  readonly pairs: StreamPairs
  /** How each stream that was served ended. */
  readonly served: Promise<string>[] = []

  static async open(): Promise<BlobStage> {
    return new BlobStage(await StreamPairs.open())
  }

  private constructor(pairs: StreamPairs) {
    this.pairs = pairs
  }

  async serve(open: OpenBlob, stallMs?: number): Promise<void> {
    await this.pairs.listener.libp2p.handle(BLOB_PROTOCOL, (stream, connection) => {
      const serving = serveBlobs(stream, outletOf(connection), open, stallMs)
      this.served.push(serving.then(() => 'served', codeIn))
    })
  }

  /** Serves by hand: the stream with its request read. */
  async serveRaw(answer: (stream: RawStream, request: BlobRequest) => void): Promise<void> {
    await this.pairs.listener.libp2p.handle(BLOB_PROTOCOL, (stream) => {
      const raw = new RawStream(stream)
      void raw.frame().then((question) => answer(raw, decodeBlobRequest(question!)))
    })
  }

  /** A client of its own that keeps no stream for long. */
  client(stallMs?: number): BlobClient {
    return new BlobClient(this.pairs.connection, { idleMs: 0, ...(stallMs && { stallMs }) })
  }

  async fetch(ref: BlobRef, init: FetchInit = {}): Promise<Fetched> {
    const { signal = new AbortController().signal, client = this.client() } = init
    const chunks: Uint8Array[] = []
    const write = (chunk: Uint8Array): Promise<void> => {
      chunks.push(chunk.slice())
      return Promise.resolve()
    }
    const problem = await client.fetch(ref, write, signal).then(() => '', codeIn)
    return { bytes: Buffer.concat(chunks), problem }
  }

  async close(): Promise<void> {
    await this.pairs.close()
  }
}
