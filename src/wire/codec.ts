/**
 * Heads of messages, written as MessagePack (message-pack-writer.ts), and strict reading of what comes back.
 *
 * A head is an array; fields are told by their place. A reader takes the places it knows and
 * ignores what follows, so that fields can be added. What has the wrong type, or is out of its
 * bounds, is refused: nothing of a peer reaches a machine unchecked.
 */
import { toString as textOf } from 'uint8arrays/to-string'
import { fromString as bytesOf } from 'uint8arrays/from-string'
import type { BlobId, BlobRef } from '../core/types.ts'
import { badMessage } from './bad-message.ts'
import { MessagePackReader, SMALL_MAX } from './message-pack-reader.ts'
import type { Field } from './message-pack-writer.ts'

/** Reads a head. Throws BAD_MESSAGE for anything but an array. */
export function decodeHead(bytes: Uint8Array): Fields {
  return Fields.of(new MessagePackReader(bytes))
}

const INTEGER_MAX = Number.MAX_SAFE_INTEGER

/** Reads the fields of an array one after the other, each with its type and bounds. */
export class Fields {
  readonly #reader: MessagePackReader
  /** How many have not been read. */
  #left: number
  /** The list that was read last, of which something may be left. */
  #inner: Fields | undefined

  /** Those of the list that comes next. */
  static of(reader: MessagePackReader): Fields {
    const size = reader.list(reader.type())
    if (size === undefined) throw badMessage('a value that is no list')
    return new Fields(reader, size)
  }

  private constructor(reader: MessagePackReader, size: number) {
    this.#reader = reader
    this.#left = size
  }

  get hasMore(): boolean {
    return this.#left > 0
  }

  /** The next field is a list. */
  get isList(): boolean {
    if (this.#inner !== undefined) this.#leaveInner(this.#inner)
    return this.#left > 0 && this.#reader.isListNext
  }

  /** A whole number from `min` to `max`. */
  integer(min = 0, max = INTEGER_MAX): number {
    const type = this.#next()
    const number = type <= SMALL_MAX ? type : this.#reader.number(type)
    if (number === undefined || !Number.isInteger(number) || number < min || number > max) {
      throw badMessage(`a number out of its bounds (${min} to ${max})`)
    }
    return number
  }

  boolean(): boolean {
    const value = this.#reader.boolean(this.#next())
    if (value === undefined) throw badMessage('something else than yes or no')
    return value
  }

  /** Text of at most `charactersMax` characters. */
  text(charactersMax: number): string {
    const value = this.#reader.text(this.#next())
    if (value === undefined || value.length > charactersMax) {
      throw badMessage(`something else than text of at most ${charactersMax} characters`)
    }
    return value
  }

  /** Bytes, as a copy. */
  bytes(bytesMax: number): Uint8Array {
    const value = this.#reader.bytes(this.#next())
    if (value === undefined || value.length > bytesMax) {
      throw badMessage(`something else than at most ${bytesMax} bytes`)
    }
    return new Uint8Array(value)
  }

  /** A view of the bytes of the next field, whatever it is: they can be read as a head if it is a list. */
  raw(): Uint8Array {
    this.#count()
    return this.#reader.raw()
  }

  /** A number, text of at most so many characters, yes or no, or nothing. */
  scalar(charactersMax: number): number | string | boolean | null {
    if (this.#takeNil()) return null
    const [type, reader] = [this.#next(), this.#reader]
    const value = reader.number(type) ?? reader.boolean(type) ?? reader.text(type)
    if (value !== undefined && (typeof value !== 'string' || value.length <= charactersMax)) {
      return value
    }
    throw badMessage('something else than a number, a short text, yes, no or nothing')
  }

  /** One of the given words, sent as its place among them. */
  word<Word>(words: readonly Word[]): Word {
    return words[this.integer(0, words.length - 1)] as Word
  }

  /** A field that may be missing. */
  optional<Value>(read: (fields: this) => Value): Value | undefined {
    return this.#left === 0 || this.#takeNil() ? undefined : read(this)
  }

  /** A nested list. What is left of it when the next field is read is left out. */
  list(): Fields {
    this.#count()
    this.#inner = Fields.of(this.#reader)
    return this.#inner
  }

  /** A nested list of lists, each read by `read`. */
  lists<Value>(entriesMax: number, read: (fields: Fields) => Value): Value[] {
    const list = this.list()
    if (list.#left > entriesMax) {
      throw badMessage(`something else than a list of at most ${entriesMax} entries`)
    }
    const values: Value[] = []
    while (list.#left > 0) values.push(read(list.list()))
    return values
  }

  /** A nested list of at most so many texts. */
  texts(entriesMax: number, charactersMax: number): string[] {
    const list = this.list()
    if (list.#left > entriesMax) {
      throw badMessage(`something else than a list of at most ${entriesMax} texts`)
    }
    const values: string[] = []
    while (list.#left > 0) values.push(list.text(charactersMax))
    return values
  }

  /** A blob's hash and size. */
  blob(bytesMax: number): BlobRef {
    const fields = this.list()
    const hash = fields.bytes(32)
    if (hash.length !== 32) throw badMessage('a hash that is not 32 bytes')
    return { blob: textOf(hash, 'base16') as BlobId, bytes: fields.integer(0, bytesMax) }
  }

  /** The type of the next field, which is read then. */
  #next(): number {
    this.#count()
    return this.#reader.type()
  }

  /** Takes the next field, if it is nothing. */
  #takeNil(): boolean {
    if (this.#inner !== undefined) this.#leaveInner(this.#inner)
    if (this.#left === 0 || !this.#reader.takeNil()) return false
    this.#left--
    return true
  }

  #count(): void {
    if (this.#inner !== undefined) this.#leaveInner(this.#inner)
    if (this.#left === 0) throw badMessage('a message with fields missing')
    this.#left--
  }

  #leaveInner(inner: Fields): void {
    this.#inner = undefined
    inner.#leave()
  }

  #leave(): void {
    if (this.#inner !== undefined) this.#leaveInner(this.#inner)
    if (this.#left > 0) this.#reader.skip(this.#left)
    this.#left = 0
  }
}

/** A blob's hash and size, as `Fields.blob` reads them. */
export function blobFields({ blob, bytes }: BlobRef): Field[] {
  return [bytesOf(blob, 'base16'), bytes]
}
