/**
 * MessagePack, read value by value from where it stands: nothing is made of a value but what its
 * reader asks for (https://github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * `type` comes first, and then what is asked for of that type: undefined when it is another one.
 * Throws BAD_MESSAGE when the bytes end too early.
 */
import { toString as textOf } from 'uint8arrays/to-string'
import type { P2pJobsError } from '../core/errors.ts'
import { badMessage } from './bad-message.ts'

/** The largest number that is its own type. */
export const SMALL_MAX = 0x7f

const FIXMAP = 0x80
const FIXARRAY = 0x90
const FIXSTR = 0xa0
const NIL = 0xc0
const NEVER_USED = 0xc1
const FALSE = 0xc2
const TRUE = 0xc3
const BIN8 = 0xc4
const EXT8 = 0xc7
const FLOAT32 = 0xca
const FLOAT64 = 0xcb
const UINT8 = 0xcc
const INT8 = 0xd0
const FIXEXT1 = 0xd4
const STR8 = 0xd9
const ARRAY16 = 0xdc
const MAP16 = 0xde
const NEGATIVE = 0xe0

export class MessagePackReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The type of the next value. That of a small number is the number. */
  type(): number {
    const type = this.#bytes[this.#at++]
    if (type === undefined) throw tooShort()
    return type
  }

  /** Takes nil, if that is the next value. */
  takeNil(): boolean {
    if (this.#bytes[this.#at] !== NIL) return false
    this.#at++
    return true
  }

  get isListNext(): boolean {
    return isList(this.#bytes[this.#at] ?? NIL)
  }

  number(type: number): number | undefined {
    if (type <= SMALL_MAX) return type
    if (type >= NEGATIVE) return type - 0x100
    if (type === FLOAT64) return this.#view.getFloat64(this.#take(8))
    if (type === FLOAT32) return this.#view.getFloat32(this.#take(4))
    if (type >= UINT8 && type < INT8) return this.#unsigned(type - UINT8)
    if (type >= INT8 && type < FIXEXT1) return this.#signed(type - INT8)
    return undefined
  }

  boolean(type: number): boolean | undefined {
    return type === TRUE ? true : type === FALSE ? false : undefined
  }

  text(type: number): string | undefined {
    if (type === FIXSTR) return ''
    const isShort = type > FIXSTR && type < NIL
    if (!isShort && (type < STR8 || type >= ARRAY16)) return undefined
    return textOf(this.#part(isShort ? type - FIXSTR : this.#unsigned(type - STR8)))
  }

  /** A view of the bytes. */
  bytes(type: number): Uint8Array | undefined {
    if (type < BIN8 || type >= EXT8) return undefined
    return this.#part(this.#unsigned(type - BIN8))
  }

  /** How many values a list has, which come next. */
  list(type: number): number | undefined {
    if (!isList(type)) return undefined
    return this.#values(type < NIL ? type - FIXARRAY : this.#unsigned(type - ARRAY16 + 1))
  }

  /** Leaves out so many values, with all that is in them. */
  skip(count: number): void {
    for (let left = count; left > 0; left--) left += this.#passOver(this.type())
  }

  /** A view of the bytes of the next value, with all that is in it. */
  raw(): Uint8Array {
    const at = this.#at
    this.skip(1)
    return this.#bytes.subarray(at, this.#at)
  }

  /** Leaves out a value, and tells how many are in it: they come next. */
  #passOver(type: number): number {
    if (isList(type)) return this.list(type) ?? 0
    if (type >= FIXMAP && type < FIXARRAY) return this.#values(2 * (type - FIXMAP))
    if (type >= MAP16 && type < NEGATIVE) {
      return this.#values(2 * this.#unsigned(type - MAP16 + 1))
    }
    if (type === NEVER_USED) throw badMessage('a head that is not MessagePack')
    if (type >= EXT8 && type < FLOAT32) this.#take(this.#unsigned(type - EXT8) + 1)
    else if (type >= FIXEXT1 && type < STR8) this.#take(2 ** (type - FIXEXT1) + 1)
    else if (this.bytes(type) === undefined && this.text(type) === undefined) this.number(type)
    return 0
  }

  #values(count: number): number {
    // Each takes a byte: whoever counts on has no more of them.
    if (count > this.#bytes.length - this.#at) throw tooShort()
    return count
  }

  /** A number of one byte, two, four or eight. */
  #unsigned(power: number): number {
    switch (power) {
      case 0:
        return this.#view.getUint8(this.#take(1))
      case 1:
        return this.#view.getUint16(this.#take(2))
      case 2:
        return this.#view.getUint32(this.#take(4))
      default:
        return Number(this.#view.getBigUint64(this.#take(8)))
    }
  }

  #signed(power: number): number {
    switch (power) {
      case 0:
        return this.#view.getInt8(this.#take(1))
      case 1:
        return this.#view.getInt16(this.#take(2))
      case 2:
        return this.#view.getInt32(this.#take(4))
      default:
        return Number(this.#view.getBigInt64(this.#take(8)))
    }
  }

  #part(bytes: number): Uint8Array {
    const at = this.#take(bytes)
    return this.#bytes.subarray(at, at + bytes)
  }

  /** Where the next bytes begin, so many. */
  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#bytes.length) throw tooShort()
    return at
  }
}

function isList(type: number): boolean {
  return (type >= FIXARRAY && type < FIXSTR) || (type >= ARRAY16 && type < MAP16)
}

function tooShort(): P2pJobsError {
  return badMessage('a head that ends too early')
}
