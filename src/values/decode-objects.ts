/**
 * How objects that are built in are read.
 */
import { reviveOperatingError } from '../core/errors.ts'
import { Unreadable } from './byte-reader.ts'
import type { Decoder } from './decoder.ts'
import { INSERTS_MAX } from './inserts.ts'
import { ERROR_TEXTS, ERROR_VALUES, ERRORS, Tag, VIEWS } from './format.ts'

type ViewConstructor = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number
) => ArrayBufferView

const globals = globalThis as unknown as Readonly<Record<string, unknown>>

/** What begins with `tag`. */
export function readBuiltIn(decoder: Decoder, tag: number): object {
  const { in: reader } = decoder
  switch (tag) {
    case Tag.date:
      return decoder.register(new Date(reader.float()))
    case Tag.regexp:
      return decoder.register(new RegExp(reader.anyText(), reader.anyText()))
    case Tag.map:
      return readMap(decoder)
    case Tag.set:
      return readSet(decoder)
    case Tag.error:
      return readError(decoder)
    case Tag.boxed:
      return readBoxed(decoder)
    case Tag.buffer:
      return decoder.register(readBuffer(decoder))
    case Tag.view:
      return readView(decoder)
    case Tag.shared:
      return readShared(decoder)
    default:
      throw new Unreadable(`nothing begins with byte ${tag}`)
  }
}

/** Defines a property, whatever the holder has or inherits under its name. */
export function define(holder: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(holder, name, { value, enumerable, writable: true, configurable: true })
}

function readMap(decoder: Decoder): Map<unknown, unknown> {
  const map = decoder.register(new Map<unknown, unknown>())
  const count = decoder.in.count(2)
  decoder.enter()
  if (count > INSERTS_MAX) {
    const read = (): [unknown, unknown] => [decoder.value(), decoder.value()]
    decoder.inserts.run(count, read, ([key, value]) => map.set(key, value))
  } else {
    for (let entry = 0; entry < count; entry++) map.set(decoder.value(), decoder.value())
  }
  decoder.leave()
  return map
}

function readSet(decoder: Decoder): Set<unknown> {
  const set = decoder.register(new Set<unknown>())
  const count = decoder.in.count(1)
  decoder.enter()
  if (count > INSERTS_MAX) {
    const read = (): unknown => decoder.value()
    decoder.inserts.run(count, read, (member) => set.add(member))
  } else {
    for (let member = 0; member < count; member++) set.add(decoder.value())
  }
  decoder.leave()
  return set
}

function readError(decoder: Decoder): Error {
  const { in: reader } = decoder
  const error = decoder.register(emptyError(ERRORS[reader.byte()]))
  const bits = reader.byte()
  let bit = 1
  for (const name of ERROR_TEXTS) {
    if ((bits & bit) !== 0) define(error, name, reader.anyText(), false)
    bit <<= 1
  }
  decoder.enter()
  for (const name of ERROR_VALUES) {
    if ((bits & bit) !== 0) define(error, name, decoder.value(), false)
    bit <<= 1
  }
  decoder.leave()
  decoder.fields(error)
  reviveOperatingError(error)
  return error
}

/** An error without a stack: that of the reader would mislead, and costs more than all the rest. */
function emptyError(name: string | undefined): Error {
  const constructor = name === undefined ? undefined : globals[name]
  if (typeof constructor !== 'function') throw new Unreadable('it has an error of an unknown kind')
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 0)
  const error = Reflect.construct(constructor, name === 'AggregateError' ? [[]] : []) as Error
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  define(error, 'stack', undefined, false)
  return error
}

function readBoxed(decoder: Decoder): object {
  const primitive = decoder.value()
  if (primitive == null || typeof primitive === 'object') {
    throw new Unreadable('it has something else where a primitive should be')
  }
  return decoder.register(Object(primitive) as object)
}

function readView(decoder: Decoder): ArrayBufferView {
  const { in: reader } = decoder
  const name = VIEWS[reader.byte()]
  const constructor = name === undefined ? undefined : globals[name]
  if (typeof constructor !== 'function') {
    throw new Unreadable(`it has a ${name ?? 'view'} that is unknown here`)
  }
  const length = reader.varint()
  const byteOffset = reader.varint()
  const buffer = readBuffer(decoder)
  return decoder.register(new (constructor as ViewConstructor)(buffer, byteOffset, length))
}

function readShared(decoder: Decoder): object {
  const { in: reader, resolve } = decoder
  if (resolve === undefined) {
    throw new Unreadable('it has an object of a manager, which only arguments of tasks can have')
  }
  const place = decoder.reserve()
  const [manager, kind, name] = [reader.anyText(), reader.anyText(), reader.anyText()]
  decoder.enter()
  const options = decoder.value()
  decoder.leave()
  const object = resolve({ manager, kind, name, options })
  place(object)
  return object
}

/** A copy: what is read does not change with the bytes it was read from, nor keep them alive. */
function readBuffer({ in: reader, buffers }: Decoder): ArrayBuffer {
  const number = reader.varint()
  if (number > 0) {
    const known = buffers[number - 1]
    if (known === undefined) throw new Unreadable('it refers to memory that did not come')
    return known
  }
  const bytes = reader.bytes(reader.count(1))
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  buffers.push(copy.buffer)
  return copy.buffer
}
