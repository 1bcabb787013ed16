/**
 * Fetching a blob: the asker sends one frame that names it and where to begin; the answer is a frame
 * with the reason of a refusal, or with none and then the bytes in frames of at most 64 KiB. Then it may
 * ask for the next.
 */
import { OUTPUT_BYTES_MAX, REASON_CHARACTERS_MAX } from '../core/limits.ts'
import type { BlobRef } from '../core/types.ts'
import { blobFields, decodeHead } from './codec.ts'
import { encodeHead } from './message-pack-writer.ts'

export const BLOB_PROTOCOL = '/p2pjobs/blob/1.0.0'

/** A request is never longer. */
export const BLOB_REQUEST_BYTES_MAX = 1024

/** Blobs may be as large as a task's output. */
const BLOB_BYTES_MAX = OUTPUT_BYTES_MAX

export interface BlobRequest extends BlobRef {
  /** Bytes to leave out, because the asker has them. */
  readonly offset: number
}

export function encodeBlobRequest(request: BlobRequest): Uint8Array {
  return encodeHead([blobFields(request), request.offset]).slice()
}

/** Throws BAD_MESSAGE. */
export function decodeBlobRequest(bytes: Uint8Array): BlobRequest {
  const fields = decodeHead(bytes)
  const { blob, bytes: size } = fields.blob(BLOB_BYTES_MAX)
  return { blob, bytes: size, offset: fields.integer(0, size) }
}

/** `undefined` as reason: here it comes. */
export function encodeBlobAnswer(refusal: string | undefined): Uint8Array {
  return encodeHead([refusal?.slice(0, REASON_CHARACTERS_MAX)]).slice()
}

/** The reason of a refusal, or undefined. Throws BAD_MESSAGE. */
export function decodeBlobAnswer(bytes: Uint8Array): string | undefined {
  return decodeHead(bytes).optional((field) => field.text(REASON_CHARACTERS_MAX))
}
