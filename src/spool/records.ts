/**
 * What the file of kept results consists of, as bytes:
 *
 *     length (4 bytes, most significant first) · CRC-32 of the body (4) · body
 *
 * A body is messages as they are on the wire: whose result it is and since when, and the report of
 * it; or the attempts whose results are not needed any more.
 */
import { crc32 } from 'node:zlib'
import { FRAME_BYTES_MAX, NAME_CHARACTERS_MAX, PEER_CHARACTERS_MAX } from '../core/limits.ts'
import type { Report } from '../core/messages.ts'
import type { AttemptRef, NodeId } from '../core/types.ts'
import type { KeptFor } from '../core/worker/events.ts'
import { attemptFields, readAttempts } from '../wire/attempts.ts'
import { badMessage } from '../wire/bad-message.ts'
import { decodeHead } from '../wire/codec.ts'
import { chunksOf, encodeFrame, messagesOf } from '../wire/frame.ts'
import type { RawMessage } from '../wire/frame.ts'
import { decodeWorkerMessage, encodeWorkerMessage } from '../wire/worker-messages.ts'

export type SpoolRecord =
  | ({ readonly type: 'kept'; readonly keptAt: number; readonly report: Report } & KeptFor)
  | { readonly type: 'gone'; readonly master: NodeId; readonly attempts: readonly AttemptRef[] }

const KEPT = 1
const GONE = 2
const CRC_BYTES = 4
/** A report fills a frame at most; what is said of it comes on top. */
export const RECORD_BYTES_MAX = FRAME_BYTES_MAX + 4_096
/** Shorter ones are none: zeros, mostly, where a file grew before its bytes came. */
export const RECORD_BYTES_MIN = CRC_BYTES + 9

export function encodeRecord(record: SpoolRecord): Uint8Array {
  const body = Buffer.concat(messagesFor(record).flatMap(chunksOf))
  const crc = Buffer.alloc(CRC_BYTES)
  crc.writeUInt32BE(crc32(body))
  return encodeFrame(Buffer.concat([crc, body]))
}

function messagesFor(record: SpoolRecord): RawMessage[] {
  const { master } = record
  if (record.type === 'gone') {
    return [{ type: GONE, fields: [master, attemptFields(record.attempts)], payloads: [] }]
  }
  const { epoch, keepMs, keptAt, report } = record
  return [
    { type: KEPT, fields: [master, epoch, keepMs, keptAt], payloads: [] },
    encodeWorkerMessage({ type: 'report', reports: [report] })
  ]
}

/** Reads what stands behind a length. Throws BAD_MESSAGE for what was not written so. */
export function decodeRecord(bytes: Uint8Array): SpoolRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = bytes.subarray(CRC_BYTES)
  if (view.getUint32(0) !== crc32(body)) throw badMessage('bytes that have changed')
  const [first, second] = messagesOf(body)
  if (first === undefined) throw badMessage('an empty record')
  const fields = decodeHead(first.head)
  const master = fields.text(PEER_CHARACTERS_MAX) as NodeId
  if (first.type === GONE) return { type: 'gone', master, attempts: readAttempts(fields) }
  const message = second === undefined ? undefined : decodeWorkerMessage(second)
  const report = message?.type === 'report' ? message.reports[0] : undefined
  if (first.type !== KEPT || report === undefined) throw badMessage('an unknown record')
  const epoch = fields.text(NAME_CHARACTERS_MAX)
  return { type: 'kept', master, epoch, keepMs: fields.integer(), keptAt: fields.integer(), report }
}
