/**
 * Numbers and text into one growing buffer, which serves again for the next value.
 */
import { VALUE_BYTES_MAX } from '../core/limits.ts'
import { INT_MAX, SHORT_TEXT_MAX, Tag } from './format.ts'
import { TooLarge } from './refusal.ts'

const BYTES_AT_FIRST = 16 * 1024
/** A buffer that has grown beyond this is not kept for the next value. */
const BYTES_KEPT = 4 * 1024 * 1024
/** Text up to this length is given all the room it could need; longer text goes in pieces. */
const ROOMY_TEXT_MAX = 64 * 1024
/** Reserved room may go this far beyond the limit; what counts is what is used of it. */
const SLACK_BYTES = 4 * ROOMY_TEXT_MAX
const VARINT_BYTES_MAX = 5
const MIB = 1024 * 1024

const utf8 = new TextEncoder()

/** Refuses a value of this many bytes if that is too many. */
export function checkSize(bytes: number, bytesMax = VALUE_BYTES_MAX): void {
  if (bytes <= bytesMax) return
  throw new TooLarge(
    bytes,
    `does not fit: with it the value takes ${(bytes / MIB).toFixed(1)} MiB, and ` +
      `${(bytesMax / MIB).toFixed(1)} MiB is the most; send it in parts, or send the path of a file`
  )
}

export class ByteWriter {
  /** What has been written, up to `at`. */
  bytes: Uint8Array = new Uint8Array(BYTES_AT_FIRST)
  at = 0
  readonly #bytesMax: number
  #view = new DataView(this.bytes.buffer)

  constructor(bytesMax = VALUE_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Begins anew, and lets go of a buffer that has become large. */
  clear(): void {
    this.at = 0
    if (this.bytes.length > BYTES_KEPT) this.#use(new Uint8Array(BYTES_AT_FIRST))
  }

  byte(byte: number): void {
    this.#reserve(1)
    this.bytes[this.at++] = byte
  }

  /** A whole number below 2^32, seven bits a byte, the lowest first. */
  varint(number: number): void {
    this.#reserve(VARINT_BYTES_MAX)
    const { bytes } = this
    let { at } = this
    let rest = number
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.at = at
  }

  /** The short form of a number if it fits, or the long tag and the number. */
  head(shortTag: number, shortMax: number, longTag: number, number: number): void {
    if (number <= shortMax) {
      this.byte(shortTag + number)
    } else {
      this.byte(longTag)
      this.varint(number)
    }
  }

  number(number: number): void {
    const int = number | 0
    if (int !== number || (int === 0 && 1 / number < 0)) {
      this.byte(Tag.float)
      this.float(number)
    } else if (int >= 0 && int <= INT_MAX) {
      this.byte(int)
    } else {
      this.byte(Tag.int)
      // Zigzag: small negative numbers are small, too.
      this.varint(((int << 1) ^ (int >> 31)) >>> 0)
    }
  }

  /** The eight bytes of a number, lowest first. */
  float(number: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.at, number, true)
    this.at += 8
  }

  text(text: string): void {
    const { length } = text
    if (length > SHORT_TEXT_MAX || !this.#shortText(text, length)) this.#longText(text)
  }

  bigint(number: bigint): void {
    const isNegative = number < 0n
    const hex = (isNegative ? -number : number).toString(16)
    const bytes = (hex.length + 1) >> 1
    checkSize(this.at + bytes, this.#bytesMax)
    this.byte(isNegative ? Tag.negativeBigint : Tag.bigint)
    this.varint(bytes)
    this.#reserve(bytes)
    for (let end = hex.length; end > 0; end -= 2) {
      const high = end > 1 ? nibbleOf(hex.charCodeAt(end - 2)) : 0
      this.bytes[this.at++] = (high << 4) | nibbleOf(hex.charCodeAt(end - 1))
    }
  }

  /** True if the text was short and ASCII and has been written. */
  #shortText(text: string, length: number): boolean {
    this.#reserve(SHORT_TEXT_MAX + 1)
    const { bytes, at } = this
    bytes[at] = Tag.shortText + length
    for (let place = 0; place < length; place++) {
      const code = text.charCodeAt(place)
      if (code > 0x7f) return false
      bytes[at + 1 + place] = code
    }
    this.at = at + 1 + length
    return true
  }

  #longText(text: string): void {
    checkSize(this.at + text.length, this.#bytesMax)
    if (!text.isWellFormed()) {
      this.#unpairedText(text)
      return
    }
    this.byte(Tag.text)
    this.#reserve(VARINT_BYTES_MAX)
    // The length is known only afterwards: it gets a place that holds whatever it may be.
    const lengthAt = this.at
    const lengthBytes = varintBytes(text.length * 3)
    this.at += lengthBytes
    let read = 0
    while (read < text.length) {
      const rest = read === 0 ? text : text.slice(read)
      this.#reserve(rest.length > ROOMY_TEXT_MAX ? rest.length : rest.length * 3)
      const done = utf8.encodeInto(rest, this.bytes.subarray(this.at))
      read += done.read
      this.at += done.written
    }
    this.#paddedVarint(lengthAt, lengthBytes, this.at - lengthAt - lengthBytes)
  }

  /** Text that UTF-8 cannot carry: two bytes for each code unit, the lower first. */
  #unpairedText(text: string): void {
    this.byte(Tag.unpairedText)
    this.varint(text.length)
    this.#reserve(text.length * 2)
    for (let place = 0; place < text.length; place++) {
      const code = text.charCodeAt(place)
      this.bytes[this.at++] = code & 0xff
      this.bytes[this.at++] = code >> 8
    }
  }

  #paddedVarint(at: number, bytes: number, number: number): void {
    let rest = number
    for (let place = at; place < at + bytes - 1; place++) {
      this.bytes[place] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.bytes[at + bytes - 1] = rest
  }

  #reserve(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.#grow(this.at + bytes)
  }

  #grow(bytes: number): void {
    checkSize(bytes - SLACK_BYTES, this.#bytesMax)
    const twice = Math.min(this.bytes.length * 2, this.#bytesMax + SLACK_BYTES)
    const larger = new Uint8Array(Math.max(bytes, twice))
    larger.set(this.bytes.subarray(0, this.at))
    this.#use(larger)
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

function varintBytes(number: number): number {
  return number < 0x80 ? 1 : Math.ceil((32 - Math.clz32(number)) / 7)
}

function nibbleOf(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57
}
