/**
 * Reads a value. The bytes may come from anybody: every step takes at least one of them, so that
 * the work is bounded by their number; what they say about sizes is checked before it is believed.
 */
import { VALUE_HOLES_MAX, VALUE_NESTING_MAX } from '../core/limits.ts'
import { Unreadable } from './byte-reader.ts'
import type { ByteReader } from './byte-reader.ts'
import { define, readBuiltIn } from './decode-objects.ts'
import { INT_MAX, Tag } from './format.ts'
import { Inserts } from './inserts.ts'
import { isIndex } from './lists.ts'
import type { Resolve } from './references.ts'

type Fields = Record<string, unknown>

/** Names that an assignment may not create as a property, because Object.prototype has them. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/** From this place on, one item may make the engine allocate places for many before it. */
const FAR_PLACE = 64
const FARTHEST_PLACE = 2 ** 32 - 2

interface Shape {
  readonly names: readonly string[]
  /** An assignment creates each as a property of a fresh object. */
  readonly isOrdinary: boolean
  /** Some name is a number, as if the object were an array with empty places. */
  readonly isFar: boolean
}

export class Decoder {
  readonly in: ByteReader
  readonly inserts: Inserts
  /** Memory by number, in the order in which it came. */
  readonly buffers: ArrayBuffer[] = []
  readonly resolve: Resolve | undefined
  readonly #objects: (object | undefined)[] = []
  readonly #shapes: Shape[] = []
  #depth = 0
  #holes = 0

  /** @param resolve makes what stands for something elsewhere; without it, that is refused */
  constructor(reader: ByteReader, resolve?: Resolve, inserts = new Inserts()) {
    this.in = reader
    this.inserts = inserts
    this.resolve = resolve
  }

  value(): unknown {
    return this.#tagged(this.in.byte())
  }

  #tagged(tag: number): unknown {
    if (tag <= INT_MAX) return tag
    if (tag < Tag.shortList) return this.in.shortText(tag - Tag.shortText)
    if (tag < Tag.shortNew) return this.#list(tag - Tag.shortList)
    if (tag < Tag.null) return this.#object(this.#shape(tag))
    return this.#long(tag)
  }

  /** Gives an object the next number, by which the bytes may name it again. */
  register<Value extends object>(object: Value): Value {
    this.#objects.push(object)
    return object
  }

  /** Takes the next number for an object that can be made only when what is in it has been read. */
  reserve(): (object: object) => void {
    const number = this.#objects.push(undefined) - 1
    return (object) => (this.#objects[number] = object)
  }

  /** Goes one level deeper, to what is inside of a container. */
  enter(): void {
    if (++this.#depth > VALUE_NESTING_MAX) throw new Unreadable('it is nested too deep')
  }

  leave(): void {
    this.#depth--
  }

  /** Properties, defined whatever the holder is and inherits. */
  fields(holder: object): void {
    const { names, isFar } = this.#shape(this.in.byte())
    const isList = Array.isArray(holder)
    if (isFar && !isList) spread(holder)
    this.enter()
    for (const name of names) {
      if (isList && (name === 'length' || isIndex(name))) {
        throw new Unreadable('a list has an item among its names')
      }
      const tag = this.in.byte()
      if (tag === Tag.absent) this.in.varint()
      else define(holder, name, this.#tagged(tag), true)
    }
    this.leave()
  }

  #long(tag: number): unknown {
    switch (tag) {
      case Tag.null:
        return null
      case Tag.undefined:
        return undefined
      case Tag.false:
        return false
      case Tag.true:
        return true
      case Tag.int:
        return this.in.int()
      case Tag.float:
        return this.in.float()
      case Tag.bigint:
        return this.in.bigint()
      case Tag.negativeBigint:
        return -this.in.bigint()
      case Tag.text:
        return this.in.text()
      case Tag.unpairedText:
        return this.in.unpairedText()
      case Tag.list:
        return this.#list(this.in.varint())
      case Tag.namedList:
        return this.#namedList()
      case Tag.floats:
        return this.#floats()
      case Tag.new:
      case Tag.known:
        return this.#object(this.#shape(tag))
      case Tag.reference:
        return this.#reference()
      default:
        return readBuiltIn(this, tag)
    }
  }

  #object({ names, isOrdinary, isFar }: Shape): Fields {
    const object: Fields = {}
    if (isFar) spread(object)
    this.#objects.push(object)
    this.enter()
    for (const name of names) {
      const tag = this.in.byte()
      if (tag === Tag.absent) this.in.varint()
      else if (isOrdinary) object[name] = this.#tagged(tag)
      else define(object, name, this.#tagged(tag), true)
    }
    this.leave()
    return object
  }

  #list(length: number): unknown[] {
    const list: unknown[] = []
    this.#objects.push(list)
    this.enter()
    while (list.length < length) {
      const tag = this.in.byte()
      if (tag === Tag.absent) this.#hole(list, length)
      else list.push(this.#tagged(tag))
    }
    this.leave()
    return list
  }

  #hole(list: unknown[], length: number): void {
    const places = this.in.varint()
    this.#holes += places
    if (this.#holes > VALUE_HOLES_MAX) throw new Unreadable('it has too many empty places')
    if (places > length - list.length) throw new Unreadable('a list is longer than it says')
    list.length += places
  }

  /** An array with properties beside its items. */
  #namedList(): unknown[] {
    const list = this.#list(this.in.varint())
    this.fields(list)
    return list
  }

  #floats(): number[] {
    const count = this.in.count(8)
    const bytes = this.in.bytes(count * 8)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const list: number[] = []
    this.#objects.push(list)
    for (let at = 0; at < bytes.length; at += 8) list.push(view.getFloat64(at, true))
    return list
  }

  #reference(): object {
    const object = this.#objects[this.in.varint()]
    if (object === undefined) throw new Unreadable('it refers to something that did not come')
    return object
  }

  #shape(tag: number): Shape {
    if (tag === Tag.known || (tag >= Tag.shortKnown && tag < Tag.null)) {
      const number = tag === Tag.known ? this.in.varint() : tag - Tag.shortKnown
      const shape = this.#shapes[number]
      if (shape === undefined) throw new Unreadable('it refers to keys that did not come')
      return shape
    }
    if (tag !== Tag.new && (tag < Tag.shortNew || tag >= Tag.shortKnown)) {
      throw new Unreadable('it has something else where keys should be')
    }
    const count = tag === Tag.new ? this.in.count(1) : tag - Tag.shortNew
    const names: string[] = []
    let isOrdinary = true
    let isFar = false
    while (names.length < count) {
      const name = this.in.anyText()
      if (INHERITED.has(name)) isOrdinary = false
      if (isDigit(name.charCodeAt(0)) && Number(name) >= FAR_PLACE) isFar = true
      names.push(name)
    }
    const shape = { names, isOrdinary, isFar }
    this.#shapes.push(shape)
    return shape
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/**
 * Makes the engine keep numbered properties one by one. Otherwise it allocates 12 KB for a key of
 * 1023 alone, and an object that has it takes two bytes of a message.
 */
function spread(holder: object): void {
  Reflect.set(holder, FARTHEST_PLACE, undefined)
  Reflect.deleteProperty(holder, FARTHEST_PLACE)
}
