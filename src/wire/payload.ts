/**
 * Payloads: small ones stand behind the head of their message, one after the other, and the head
 * has their lengths; large ones are named there as blobs.
 */
import { INLINE_BYTES_MAX, OUTPUT_BYTES_MAX } from '../core/limits.ts'
import { isBlobRef } from '../core/types.ts'
import type { Payload } from '../core/types.ts'
import { badMessage } from './bad-message.ts'
import { blobFields } from './codec.ts'
import type { Fields } from './codec.ts'
import type { Field } from './message-pack-writer.ts'

const NOTHING = new Uint8Array(0)

/** Collects the payloads of a message while its head is made. */
export class PayloadWriter {
  readonly payloads: Uint8Array[] = []

  /** What the head says about a payload: a length, or a blob. */
  field(payload: Payload): Field {
    if (isBlobRef(payload)) return blobFields(payload)
    if (payload.length > 0) this.payloads.push(payload)
    return payload.length
  }
}

/** Takes payloads from behind a head, in the order in which the head names them. */
export class PayloadReader {
  readonly #bytes: Uint8Array
  #place = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Inline bytes are copied, so that a small payload does not keep its whole frame alive. */
  read(fields: Fields): Payload {
    return fields.isList ? fields.blob(OUTPUT_BYTES_MAX) : this.readInline(fields)
  }

  /** The same where no blob may stand. */
  readInline(fields: Fields, bytesMax = INLINE_BYTES_MAX): Uint8Array {
    const size = fields.integer(0, bytesMax)
    if (size === 0) return NOTHING
    const end = this.#place + size
    if (end > this.#bytes.length) throw badMessage('a payload longer than its message')
    // Not by `slice`: a Buffer, as which bytes come from a socket, gives a view by that.
    const payload = new Uint8Array(this.#bytes.subarray(this.#place, end))
    this.#place = end
    return payload
  }
}
