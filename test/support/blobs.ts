/** Blobs as tests make them. */
import { createHash } from 'node:crypto'
import type { BlobId } from '../../src/core/types.ts'

/** The name of these bytes. */
export function blobOf(bytes: Uint8Array): BlobId {
  return createHash('sha256').update(bytes).digest('hex') as BlobId
}
