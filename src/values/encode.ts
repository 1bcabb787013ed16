/**
 * Values as bytes: arguments and results of functions. Nodes in between see bytes only; the format
 * is in docs/VALUES.md.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { checkSize } from './byte-writer.ts'
import { Encoder } from './encoder.ts'
import { VERSION } from './format.ts'
import { Refusal, TooLarge } from './refusal.ts'
import { Slab } from './slab.ts'

/** Names the top of a value, where paths begin: `argument`. */
export interface Naming {
  /** Outer lists that are not part of a path. */
  readonly skipped: number
  /** `place` is where in the outermost list the path begins. */
  name(place: unknown): string
}

/** Why something could not be written. */
export interface Refused {
  readonly error: P2pJobsError
  /** What it would take, if that is too much. */
  readonly bytes: number | undefined
}

/**
 * The encoder that served last, if it ended well. A getter may encode something itself: it then
 * finds none here.
 */
let idle: Encoder | undefined
const slab = new Slab()

/**
 * The bytes of a value. `root` names it in errors. Throws BAD_VALUE with the path to what cannot
 * be sent.
 *
 * Small results share a buffer with others, as Node's Buffers do: send or copy the bytes, but do
 * not transfer their buffer.
 */
export function encodeValue(value: unknown, root: string): Uint8Array {
  const naming = { skipped: 0, name: () => root }
  return encodeWith(naming, (encoder) => encoder.value(value))
}

/** The bytes of what `write` writes. */
export function encodeWith(naming: Naming, write: (encoder: Encoder) => void): Uint8Array {
  const encoder = idle ?? new Encoder()
  idle = undefined
  const { out, binaries } = encoder
  let bytes: Uint8Array
  try {
    out.byte(VERSION)
    write(encoder)
    checkSize(encoder.bytes)
    bytes = binaries.count > 0 ? binaries.putInto(out) : slab.copyOf(out.bytes, out.at)
  } catch (thrown) {
    throw refusedBy(thrown, encoder, naming).error
  }
  encoder.clear()
  idle = encoder
  return bytes
}

/** Writes something whole, or nothing, and then says why. */
export function attempt(
  encoder: Encoder,
  naming: Naming,
  bytesMax: number,
  write: () => void
): Refused | undefined {
  const before = encoder.mark()
  try {
    write()
    checkSize(encoder.bytes, bytesMax)
    return undefined
  } catch (thrown) {
    const refused = refusedBy(thrown, encoder, naming)
    encoder.back(before)
    return refused
  }
}

function refusedBy(thrown: unknown, { trail }: Encoder, naming: Naming): Refused {
  const path = naming.name(trail.places[0]) + trail.pathBelow(naming.skipped)
  const isOurs = thrown instanceof Refusal
  const what = isOurs ? thrown.message : `cannot be read: ${toError(thrown).message}`
  const error = new P2pJobsError('BAD_VALUE', `${path} ${what}`, isOurs ? {} : { cause: thrown })
  return { error, bytes: thrown instanceof TooLarge ? thrown.bytes : undefined }
}
