/**
 * Heads of messages as MessagePack, and strict reading of what comes back.
 *
 * A head is an array; fields are told by their place. A reader takes the places it knows and
 * ignores what follows, so that fields can be added. What has the wrong type, or is out of its
 * bounds, is refused: nothing of a peer reaches a machine unchecked.
 */
import { Packr } from 'msgpackr'
import { toString as textOf } from 'uint8arrays/to-string'
import { fromString as bytesOf } from 'uint8arrays/from-string'
import { P2pJobsError } from '../core/errors.ts'
import type { BlobId, BlobRef } from '../core/types.ts'

const packr = new Packr({ useRecords: false, mapsAsObjects: false, encodeUndefinedAsNil: true })

/** The bytes of a head. The result is a view into a shared buffer: copy or use it at once. */
export function encodeHead(fields: readonly unknown[]): Uint8Array {
  return packr.encode(fields)
}

/** Reads a head. Throws BAD_MESSAGE for anything but an array. */
export function decodeHead(bytes: Uint8Array): Fields {
  let value: unknown
  try {
    value = packr.decode(bytes)
  } catch (cause) {
    throw badMessage('a head that is not MessagePack', { cause })
  }
  return new Fields(value)
}

export function badMessage(what: string, options?: ErrorOptions): P2pJobsError {
  return new P2pJobsError('BAD_MESSAGE', `a peer sent ${what}`, options)
}

const INTEGER_MAX = Number.MAX_SAFE_INTEGER

/** Reads the fields of an array one after the other, each with its type and bounds. */
export class Fields {
  readonly #values: readonly unknown[]
  #place = 0

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw badMessage('a value that is no list')
    this.#values = value
  }

  get hasMore(): boolean {
    return this.#place < this.#values.length
  }

  /** The next field is a list. */
  get isList(): boolean {
    return Array.isArray(this.#values[this.#place])
  }

  /** A whole number from `min` to `max`. */
  integer(min = 0, max = INTEGER_MAX): number {
    const value = this.#next()
    const number = typeof value === 'bigint' ? Number(value) : value
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
      throw badMessage(`a number out of its bounds (${min} to ${max})`)
    }
    return number
  }

  boolean(): boolean {
    const value = this.#next()
    if (typeof value !== 'boolean') throw badMessage('something else than yes or no')
    return value
  }

  /** Text of at most `charactersMax` characters. */
  text(charactersMax: number): string {
    const value = this.#next()
    if (typeof value !== 'string' || value.length > charactersMax) {
      throw badMessage(`something else than text of at most ${charactersMax} characters`)
    }
    return value
  }

  /** Bytes, as a copy. */
  bytes(bytesMax: number): Uint8Array {
    const value = this.#next()
    if (!(value instanceof Uint8Array) || value.length > bytesMax) {
      throw badMessage(`something else than at most ${bytesMax} bytes`)
    }
    return new Uint8Array(value)
  }

  /** A number, text of at most so many characters, yes or no, or nothing. */
  scalar(charactersMax: number): number | string | boolean | null {
    const value = this.#next()
    if (value === null || typeof value === 'boolean') return value
    const number = typeof value === 'bigint' ? Number(value) : value
    if (typeof number === 'number') return number
    if (typeof value === 'string' && value.length <= charactersMax) return value
    throw badMessage('something else than a number, a short text, yes, no or nothing')
  }

  /** One of the given words, sent as its place among them. */
  word<Word>(words: readonly Word[]): Word {
    return words[this.integer(0, words.length - 1)] as Word
  }

  /** A field that may be missing. */
  optional<Value>(read: (fields: this) => Value): Value | undefined {
    if (this.#values[this.#place] == null) {
      this.#place++
      return undefined
    }
    return read(this)
  }

  /** A nested list. */
  list(): Fields {
    return new Fields(this.#next())
  }

  /** A nested list of lists, each read by `read`. */
  lists<Value>(entriesMax: number, read: (fields: Fields) => Value): Value[] {
    const value = this.#next()
    if (!Array.isArray(value) || value.length > entriesMax) {
      throw badMessage(`something else than a list of at most ${entriesMax} entries`)
    }
    return value.map((entry) => read(new Fields(entry)))
  }

  /** A nested list of at most so many texts. */
  texts(entriesMax: number, charactersMax: number): string[] {
    const value = this.#next()
    if (!Array.isArray(value) || value.length > entriesMax) {
      throw badMessage(`something else than a list of at most ${entriesMax} texts`)
    }
    const fields = new Fields(value)
    return value.map(() => fields.text(charactersMax))
  }

  /** A blob's hash and size. */
  blob(bytesMax: number): BlobRef {
    const fields = this.list()
    const hash = fields.bytes(32)
    if (hash.length !== 32) throw badMessage('a hash that is not 32 bytes')
    return { blob: textOf(hash, 'base16') as BlobId, bytes: fields.integer(0, bytesMax) }
  }

  #next(): unknown {
    if (!this.hasMore) throw badMessage('a message with fields missing')
    return this.#values[this.#place++]
  }
}

/** A blob's hash and size, as `Fields.blob` reads them. */
export function blobFields({ blob, bytes }: BlobRef): unknown[] {
  return [bytesOf(blob, 'base16'), bytes]
}
