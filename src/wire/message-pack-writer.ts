/**
 * Heads of messages, written as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * Not by a library, as this and its reader (codec.ts) are where most of a short task's bytes pass: one
 * makes a value of each field on the way, and took 5 % of all CPU of a young network's first tasks
 * (`npm run bench -- workloads --workloads w1 --systems network`).
 */
import { fromString as bytesOf } from 'uint8arrays/from-string'

/** What a head may have; undefined is written as nil. Numbers beyond 32 bits are written as floats. */
export type Field = null | undefined | boolean | number | string | Uint8Array | readonly Field[]

const NIL = 0xc0
const FALSE = 0xc2
const TRUE = 0xc3
const BIN = [0xc4, 0xc5, 0xc6] as const
const FLOAT64 = 0xcb
const UINT = [0xcc, 0xcd, 0xce] as const
const INT = [0xd0, 0xd1, 0xd2] as const
const STR = [0xd9, 0xda, 0xdb] as const
const ARRAY = [0, 0xdc, 0xdd] as const
const FIXARRAY = 0x90
const FIXSTR = 0xa0

/** What any number takes, and what stands before text, bytes and lists. */
const NUMBER_BYTES_MAX = 9
/** Kept from one head to the next, unless one was larger. */
const BUFFER_BYTES = 64 * 1024

let buffer = new Uint8Array(BUFFER_BYTES)
let view = new DataView(buffer.buffer)
let at = 0

/** The bytes of a head. The result is a view into a shared buffer: copy or use it at once. */
export function encodeHead(fields: readonly Field[]): Uint8Array {
  if (buffer.length > BUFFER_BYTES) useBuffer(new Uint8Array(BUFFER_BYTES))
  at = 0
  writeList(fields)
  return buffer.subarray(0, at)
}

function writeField(field: Field): void {
  if (typeof field === 'number') writeNumber(field)
  else if (typeof field === 'string') writeText(field)
  else if (field === undefined || field === null) writeByte(NIL)
  else if (typeof field === 'boolean') writeByte(field ? TRUE : FALSE)
  else if (field instanceof Uint8Array) writeBytes(field)
  else writeList(field)
}

function writeList(fields: readonly Field[]): void {
  if (fields.length < 16) writeByte(FIXARRAY | fields.length)
  else writeSize(ARRAY, fields.length)
  for (const field of fields) writeField(field)
}

function writeNumber(value: number): void {
  reserve(NUMBER_BYTES_MAX)
  if (!Number.isInteger(value) || value > 0xffff_ffff || value < -0x8000_0000) {
    buffer[at] = FLOAT64
    view.setFloat64(at + 1, value)
    at += NUMBER_BYTES_MAX
  } else if (value >= 0) {
    if (value < 0x80) buffer[at++] = value
    else writeUnsigned(UINT, value)
  } else if (value >= -0x20) {
    buffer[at++] = value
  } else {
    const size = value >= -0x80 ? 0 : value >= -0x8000 ? 1 : 2
    writeInteger(INT[size], size, value)
  }
}

/** In one byte, two or four, whichever is enough. Negative ones as their complements. */
function writeUnsigned(types: readonly [number, number, number], value: number): void {
  const size = value <= 0xff ? 0 : value <= 0xffff ? 1 : 2
  writeInteger(types[size], size, value)
}

function writeInteger(type: number, size: 0 | 1 | 2, value: number): void {
  buffer[at++] = type
  if (size === 2) {
    buffer[at++] = value >>> 24
    buffer[at++] = value >>> 16
  }
  if (size > 0) buffer[at++] = value >>> 8
  buffer[at++] = value
}

function writeText(text: string): void {
  if (text.length === 0) {
    writeByte(FIXSTR)
    return
  }
  const bytes = bytesOf(text)
  if (bytes.length < 32) writeByte(FIXSTR | bytes.length)
  else writeSize(STR, bytes.length)
  append(bytes)
}

function writeBytes(bytes: Uint8Array): void {
  writeSize(BIN, bytes.length)
  append(bytes)
}

function writeByte(byte: number): void {
  reserve(1)
  buffer[at++] = byte
}

/** Of lists, one byte is never enough: those that would fit have a type of their own. */
function writeSize(types: readonly [number, number, number], size: number): void {
  reserve(NUMBER_BYTES_MAX)
  if (types === ARRAY && size <= 0xff) writeInteger(types[1], 1, size)
  else writeUnsigned(types, size)
}

function append(bytes: Uint8Array): void {
  reserve(bytes.length)
  buffer.set(bytes, at)
  at += bytes.length
}

function reserve(bytes: number): void {
  if (at + bytes <= buffer.length) return
  const larger = new Uint8Array(Math.max(2 * buffer.length, at + bytes))
  larger.set(buffer.subarray(0, at))
  useBuffer(larger)
}

function useBuffer(bytes: Uint8Array<ArrayBuffer>): void {
  buffer = bytes
  view = new DataView(bytes.buffer)
}
