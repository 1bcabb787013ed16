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

const FIXARRAY = 0x90
const FIXSTR = 0xa0
const NIL = 0xc0
const FALSE = 0xc2
const TRUE = 0xc3
const BIN8 = 0xc4
const FLOAT64 = 0xcb
const UINT8 = 0xcc
const INT8 = 0xd0
const STR8 = 0xd9
const ARRAY16 = 0xdc
const ARRAY32 = 0xdd

/** The most that a number takes, and what stands before text, bytes and lists. */
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

function writeList(fields: readonly Field[]): void {
  if (fields.length < 16) writeByte(FIXARRAY | fields.length)
  else if (fields.length <= 0xffff) writeHeader(ARRAY16, 2, fields.length)
  else writeHeader(ARRAY32, 4, fields.length)
  for (const field of fields) {
    if (typeof field === 'number') writeNumber(field)
    else writeField(field)
  }
}

function writeField(field: Exclude<Field, number>): void {
  if (field === undefined || field === null) writeByte(NIL)
  else if (typeof field === 'string') writeText(field)
  else if (typeof field === 'boolean') writeByte(field ? TRUE : FALSE)
  else if (field instanceof Uint8Array) {
    writeSized(BIN8, field.length)
    append(field)
  } else writeList(field)
}

function writeNumber(value: number): void {
  if (at + NUMBER_BYTES_MAX > buffer.length) grow(NUMBER_BYTES_MAX)
  if (value >= 0 && value <= 0xffff_ffff && Number.isInteger(value)) {
    if (value < 0x80) buffer[at++] = value
    else writeSized(UINT8, value)
  } else if (value < 0 && value >= -0x8000_0000 && Number.isInteger(value)) {
    if (value >= -0x20) buffer[at++] = value
    else if (value >= -0x80) writeHeader(INT8, 1, value)
    else if (value >= -0x8000) writeHeader(INT8 + 1, 2, value)
    else writeHeader(INT8 + 2, 4, value)
  } else {
    buffer[at] = FLOAT64
    view.setFloat64(at + 1, value)
    at += NUMBER_BYTES_MAX
  }
}

function writeText(text: string): void {
  if (text.length === 0) {
    writeByte(FIXSTR)
    return
  }
  const bytes = bytesOf(text)
  if (bytes.length < 32) writeByte(FIXSTR | bytes.length)
  else writeSized(STR8, bytes.length)
  append(bytes)
}

function writeByte(byte: number): void {
  if (at === buffer.length) grow(1)
  buffer[at++] = byte
}

/** A size or number with the first of three types: for one byte of it, for two, and for four. */
function writeSized(type8: number, size: number): void {
  if (size <= 0xff) writeHeader(type8, 1, size)
  else if (size <= 0xffff) writeHeader(type8 + 1, 2, size)
  else writeHeader(type8 + 2, 4, size)
}

/** A type and a number of so many bytes; a negative one as its complement. */
function writeHeader(type: number, bytes: 1 | 2 | 4, value: number): void {
  if (at + NUMBER_BYTES_MAX > buffer.length) grow(NUMBER_BYTES_MAX)
  buffer[at++] = type
  if (bytes === 4) {
    buffer[at++] = value >>> 24
    buffer[at++] = value >>> 16
  }
  if (bytes > 1) buffer[at++] = value >>> 8
  buffer[at++] = value
}

function append(bytes: Uint8Array): void {
  if (at + bytes.length > buffer.length) grow(bytes.length)
  buffer.set(bytes, at)
  at += bytes.length
}

/** Makes room for so many more bytes. */
function grow(bytes: number): void {
  const larger = new Uint8Array(Math.max(2 * buffer.length, at + bytes))
  larger.set(buffer.subarray(0, at))
  useBuffer(larger)
}

function useBuffer(bytes: Uint8Array<ArrayBuffer>): void {
  buffer = bytes
  view = new DataView(bytes.buffer)
}
