/**
 * How objects that are built in are written.
 */
import { types } from 'node:util'
import type { Encoder } from './encoder.ts'
import { ERROR_TEXTS, ERROR_VALUES, ERRORS, Tag } from './format.ts'
import { errorNumberOf, viewNumberOf } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { referenceOf } from './references.ts'
import { Refusal } from './refusal.ts'
import { Step } from './trail.ts'

type BuiltIn = Exclude<Kind, 'object' | 'list'>

/** `kind` says what `value` is. */
export function writeBuiltIn(encoder: Encoder, value: object, kind: BuiltIn): void {
  const { out } = encoder
  switch (kind) {
    case 'map':
      writeMap(encoder, value as Map<unknown, unknown>)
      break
    case 'set':
      writeSet(encoder, value as Set<unknown>)
      break
    case 'date':
      out.byte(Tag.date)
      out.float(Date.prototype.getTime.call(value))
      break
    case 'regexp':
      out.byte(Tag.regexp)
      out.text((value as RegExp).source)
      out.text((value as RegExp).flags)
      break
    case 'boxed':
      out.byte(Tag.boxed)
      encoder.value(primitiveOf(value))
      break
    case 'error':
      writeError(encoder, value as Error)
      break
    case 'buffer':
      writeBuffer(encoder, value as ArrayBuffer)
      break
    case 'view':
      writeView(encoder, value as ArrayBufferView)
      break
    case 'shared':
      writeShared(encoder, value)
  }
}

/** What is in the box, whatever the box says. */
function primitiveOf(boxed: object): unknown {
  if (types.isNumberObject(boxed)) return Number.prototype.valueOf.call(boxed)
  if (types.isStringObject(boxed)) return String.prototype.valueOf.call(boxed)
  if (types.isBooleanObject(boxed)) return Boolean.prototype.valueOf.call(boxed)
  return BigInt.prototype.valueOf.call(boxed)
}

/** Entries are listed before any is written: a getter among them may change the map. */
function writeMap(encoder: Encoder, map: ReadonlyMap<unknown, unknown>): void {
  const { out, trail } = encoder
  const entries = Array.from(Map.prototype.entries.call(map)) as [unknown, unknown][]
  out.byte(Tag.map)
  out.varint(entries.length)
  const level = trail.enter(Step.key)
  let index = 0
  for (const [key, value] of entries) {
    trail.steps[level] = Step.key
    trail.places[level] = index
    encoder.value(key)
    // A value is named by its key if that can be written down.
    const isNamed = typeof key !== 'object' || key === null
    trail.steps[level] = isNamed ? Step.entry : Step.member
    trail.places[level] = isNamed ? key : index
    encoder.value(value)
    index++
  }
  // Text that served as a key can be large.
  trail.places[level] = undefined
  trail.leave()
}

function writeSet(encoder: Encoder, set: ReadonlySet<unknown>): void {
  const { out, trail } = encoder
  const members = Array.from(Set.prototype.values.call(set)) as unknown[]
  out.byte(Tag.set)
  out.varint(members.length)
  const level = trail.enter(Step.member)
  let index = 0
  for (const member of members) {
    trail.places[level] = index++
    encoder.value(member)
  }
  trail.leave()
}

/** Enumerable properties go as they are; what else makes an error goes by the bits of a byte. */
function writeError(encoder: Encoder, error: Error): void {
  const { out, trail } = encoder
  const fields = error as unknown as Readonly<Record<string, unknown>>
  const enumerable = Object.keys(error)
  const number = errorNumberOf(error)
  const level = trail.enter(Step.property)
  const texts = ERROR_TEXTS.map((name) => {
    trail.places[level] = name
    return enumerable.includes(name) ? undefined : textOf(error, name, number)
  })
  const isThere = ERROR_VALUES.map(
    (name) => Object.hasOwn(error, name) && !enumerable.includes(name)
  )
  const flags = [...texts.map((text) => text !== undefined), ...isThere]
  out.byte(Tag.error)
  out.byte(number)
  out.byte(flags.reduce((bits, flag, bit) => (flag ? bits | (1 << bit) : bits), 0))
  for (const [index, text] of texts.entries()) {
    trail.places[level] = ERROR_TEXTS[index]
    if (text !== undefined) out.text(text)
  }
  for (const name of ERROR_VALUES.filter((_, index) => isThere[index])) {
    trail.places[level] = name
    encoder.value(fields[name])
  }
  trail.leave()
  encoder.fields(fields, enumerable)
}

/** Undefined for what the reader's own error has anyway. */
function textOf(
  error: Error,
  name: (typeof ERROR_TEXTS)[number],
  number: number
): string | undefined {
  const text: unknown = error[name]
  if (typeof text !== 'string' || (name === 'name' && text === ERRORS[number])) return undefined
  return name === 'message' && text === '' && !Object.hasOwn(error, name) ? undefined : text
}

function writeBuffer({ out, binaries }: Encoder, buffer: ArrayBuffer): void {
  checkAttached(buffer)
  out.byte(Tag.buffer)
  binaries.add(out.at, buffer)
}

function writeView({ out, binaries }: Encoder, view: ArrayBufferView): void {
  const { buffer } = view
  if (types.isSharedArrayBuffer(buffer)) {
    throw new Refusal(
      'shows a SharedArrayBuffer; memory cannot be shared between machines: pass a copy'
    )
  }
  checkAttached(buffer)
  out.byte(Tag.view)
  out.byte(viewNumberOf(view))
  const unit = 'BYTES_PER_ELEMENT' in view ? (view.BYTES_PER_ELEMENT as number) : 1
  binaries.add(out.at, buffer, view, unit)
}

/** What it refers to: the object itself stays where it is. */
function writeShared(encoder: Encoder, value: object): void {
  const { out, trail } = encoder
  const reference = referenceOf(value)
  if (reference === undefined) return
  const { manager, kind, name, options } = reference
  if (!encoder.takesReferences) {
    throw new Refusal(
      `is the ${kind} '${name}' of the manager '${manager}', which only an argument of a task can be; pass its name`
    )
  }
  out.byte(Tag.shared)
  for (const text of [manager, kind, name]) out.text(text)
  const level = trail.enter(Step.property)
  trail.places[level] = 'options'
  encoder.value(options)
  trail.leave()
}

function checkAttached(buffer: ArrayBuffer): void {
  if (buffer.detached) {
    throw new Refusal('has no memory any more: it was transferred; pass it before, or a copy of it')
  }
}
