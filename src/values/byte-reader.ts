/**
 * Numbers and text out of bytes that anybody may have written: nothing is read behind their end,
 * and nothing is allocated for a length before it is known that so many bytes are there.
 */
import { INT_MAX, SHORT_TEXT_MAX, Tag } from './format.ts'

/** Says what is wrong with the bytes; whoever began to read puts before it what was read. */
export class Unreadable extends Error {}

/** No engine has larger ones. */
const BIGINT_BYTES_MAX = 128 * 1024 * 1024
/** Code units that are made text at a time: they go to a function as its arguments. */
const UNITS_AT_A_TIME = 4_096

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const hexDigits = new TextEncoder().encode('0123456789abcdef')
const eight = new Uint8Array(8)
const eightView = new DataView(eight.buffer)
/** A list of every length a short text can have, for its codes. */
const codeLists = Array.from({ length: SHORT_TEXT_MAX + 1 }, (_, length) =>
  new Array<number>(length).fill(0)
)

export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Unreadable('it ends too early')
    return byte
  }

  varint(): number {
    const first = this.byte()
    if (first <= INT_MAX) return first
    let number = first & 0x7f
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 0x0f) break
      number |= (byte & 0x7f) << shift
      if (byte < 0x80) return number >>> 0
    }
    throw new Unreadable('a number is above 2^32')
  }

  /** A count of things of which each takes at least so many bytes. */
  count(bytesEach: number): number {
    const count = this.varint()
    if (count * bytesEach > this.left) throw new Unreadable('it ends too early')
    return count
  }

  int(): number {
    const zigzag = this.varint()
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }

  float(): number {
    const at = this.#skip(8)
    for (let place = 0; place < 8; place++) eight[place] = this.#bytes[at + place] as number
    return eightView.getFloat64(0, true)
  }

  /** A view of the next bytes: copy or use it at once. */
  bytes(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  shortText(length: number): string {
    const at = this.#skip(length)
    const codes = codeLists[length] as number[]
    let all = 0
    for (let place = 0; place < length; place++) {
      const code = this.#bytes[at + place] as number
      codes[place] = code
      all |= code
    }
    if (all > 0x7f) return utf8.decode(this.#bytes.subarray(at, at + length))
    return String.fromCharCode.apply(null, codes)
  }

  /** Text with its tag. */
  anyText(): string {
    const tag = this.byte()
    if (tag >= Tag.shortText && tag <= Tag.shortText + SHORT_TEXT_MAX) {
      return this.shortText(tag - Tag.shortText)
    }
    if (tag === Tag.text) return this.text()
    if (tag === Tag.unpairedText) return this.unpairedText()
    throw new Unreadable('it has something else where text should be')
  }

  text(): string {
    return utf8.decode(this.bytes(this.count(1)))
  }

  unpairedText(): string {
    const units = this.count(2)
    const bytes = this.bytes(units * 2)
    let text = ''
    for (let from = 0; from < units; from += UNITS_AT_A_TIME) {
      const codes: number[] = []
      for (let unit = from; unit < Math.min(from + UNITS_AT_A_TIME, units); unit++) {
        codes.push((bytes[unit * 2] as number) | ((bytes[unit * 2 + 1] as number) << 8))
      }
      text += String.fromCharCode(...codes)
    }
    return text
  }

  bigint(): bigint {
    const bytes = this.bytes(this.count(1))
    if (bytes.length > BIGINT_BYTES_MAX) throw new Unreadable('a bigint is too large')
    if (bytes.length <= eight.length) {
      eight.fill(0)
      eight.set(bytes)
      return eightView.getBigUint64(0, true)
    }
    const hex = new Uint8Array(bytes.length * 2)
    let at = hex.length
    for (const byte of bytes) {
      hex[--at] = hexDigits[byte & 0x0f] as number
      hex[--at] = hexDigits[byte >> 4] as number
    }
    return BigInt(`0x${utf8.decode(hex)}`)
  }

  #skip(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) throw new Unreadable('it ends too early')
    this.#at = at + length
    return at
  }
}
