/**
 * Bytes as values. They may come from anybody; see decoder.ts.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { ByteReader, Unreadable } from './byte-reader.ts'
import { Decoder } from './decoder.ts'
import { VERSION } from './format.ts'
import type { Resolve } from './references.ts'

/**
 * The value that `encodeValue` made the bytes of. It shares no memory with them. Throws BAD_VALUE
 * for bytes that are no value, and for references where there is no `resolve`.
 */
export function decodeValue(bytes: Uint8Array, resolve?: Resolve): unknown {
  try {
    const reader = new ByteReader(bytes)
    const version = reader.byte()
    if (version !== VERSION) {
      throw new Unreadable(
        `its format is ${version} and this program reads ${VERSION}; run the same version of ` +
          'p2pjobs on both machines'
      )
    }
    const value = new Decoder(reader, resolve).value()
    if (reader.left > 0) throw new Unreadable('there are bytes behind its end')
    return value
  } catch (thrown) {
    const message = `a value cannot be read: ${toError(thrown).message}`
    throw new P2pJobsError('BAD_VALUE', message, { cause: thrown })
  }
}
