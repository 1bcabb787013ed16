/** Asking for blobs by hand. */
import type { Connection } from '@libp2p/interface'
import type { BlobRef } from '../../src/core/types.ts'
import { BLOB_PROTOCOL, decodeBlobAnswer, encodeBlobRequest } from '../../src/wire/blob.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import type { RawPeer } from './raw-peer.ts'

/** What a peer gets that asks for a blob: its bytes, or the reason why not. */
export async function askForBlob(
  peer: RawPeer,
  connection: Connection,
  blob: BlobRef,
  offset = 0
): Promise<Buffer | string> {
  const stream = await peer.open(connection, BLOB_PROTOCOL)
  stream.send(encodeFrame(encodeBlobRequest({ ...blob, offset })))
  await stream.close()
  const refusal = decodeBlobAnswer((await stream.frame())!)
  const bodies: Uint8Array[] = []
  for (let body = await stream.frame(); body !== undefined; body = await stream.frame()) {
    bodies.push(body)
  }
  return refusal ?? Buffer.concat(bodies)
}
