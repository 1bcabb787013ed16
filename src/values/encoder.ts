/**
 * Walks a value and writes it. `kinds.ts` says what an object is, `byte-writer.ts` how numbers and
 * text become bytes, `encode-objects.ts` how objects that are built in do.
 */
import { VALUE_HOLES_MAX } from '../core/limits.ts'
import { Binaries } from './binaries.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeBuiltIn } from './encode-objects.ts'
import { SHORT_KNOWN_MAX, SHORT_LIST_MAX, SHORT_NEW_MAX, Tag } from './format.ts'
import { kindOf } from './kinds.ts'
import { hasFractions, namedKeysOf } from './lists.ts'
import { Refusal } from './refusal.ts'
import { Seen } from './seen.ts'
import { Shapes } from './shapes.ts'
import { Step, Trail } from './trail.ts'

type Fields = Readonly<Record<string, unknown>>

/** How much of everything there was at one moment. */
export interface Mark {
  readonly at: number
  readonly depth: number
  readonly seen: number
  readonly shapes: number
  readonly binaries: number
  readonly holes: number
}

const NOTHING: Mark = { at: 0, depth: 0, seen: 0, shapes: 0, binaries: 0, holes: 0 }

export class Encoder {
  readonly out = new ByteWriter()
  readonly trail = new Trail()
  readonly binaries = new Binaries()
  /** What stands for something elsewhere may be sent. */
  takesReferences = false
  readonly #seen = new Seen()
  readonly #shapes = new Shapes()
  #holes = 0

  value(value: unknown): void {
    const { out } = this
    switch (typeof value) {
      case 'number':
        out.number(value)
        break
      case 'string':
        out.text(value)
        break
      case 'object':
        if (value === null) out.byte(Tag.null)
        else this.#object(value)
        break
      case 'boolean':
        out.byte(value ? Tag.true : Tag.false)
        break
      case 'undefined':
        out.byte(Tag.undefined)
        break
      case 'bigint':
        out.bigint(value)
        break
      case 'function':
        throw new Refusal('is a function, and functions cannot be sent; pass data, or a task(...)')
      case 'symbol':
        throw new Refusal('is a symbol, and symbols cannot be sent; pass a string')
    }
  }

  /** Properties: their names, which are new or came before, and their values. */
  fields(holder: Fields, names: readonly string[]): void {
    const { out, trail } = this
    const level = trail.enter(Step.property)
    const shape = this.#shapes.numberOf(names, level)
    if (shape < 0) {
      out.head(Tag.shortNew, SHORT_NEW_MAX, Tag.new, names.length)
      for (const name of names) out.text(name)
    } else {
      out.head(Tag.shortKnown, SHORT_KNOWN_MAX, Tag.known, shape)
    }
    for (const name of names) {
      trail.places[level] = name
      const value = holder[name]
      // A getter may delete what comes after it.
      if (value === undefined && !Object.hasOwn(holder, name)) this.#absent(1)
      else this.value(value)
    }
    trail.leave()
  }

  /** Begins the outermost list of a value; whoever began it writes its items. */
  begin(length: number): void {
    this.#seen.numberOf(this)
    this.out.head(Tag.shortList, SHORT_LIST_MAX, Tag.list, length)
    this.trail.enter(Step.index)
  }

  /** Writes lists that are known to have nothing but items: that need not be found out. */
  rows(rows: readonly (readonly unknown[])[]): void {
    this.begin(rows.length)
    for (let place = 0; place < rows.length; place++) {
      this.trail.places[0] = place
      const row = rows[place] as readonly unknown[]
      if (!this.#isReference(row)) this.#items(row)
    }
    this.trail.leave()
  }

  /** What the value takes so far. */
  get bytes(): number {
    return this.out.at + this.binaries.bytes
  }

  /** Forgets the value. */
  clear(): void {
    this.back(NOTHING)
    this.takesReferences = false
    this.out.clear()
  }

  mark(): Mark {
    return {
      at: this.out.at,
      depth: this.trail.depth,
      seen: this.#seen.count,
      shapes: this.#shapes.count,
      binaries: this.binaries.count,
      holes: this.#holes
    }
  }

  /** Undoes what came after the mark. */
  back(mark: Mark): void {
    this.out.at = mark.at
    this.trail.depth = mark.depth
    this.#seen.cut(mark.seen)
    this.#shapes.cut(mark.shapes)
    this.binaries.cut(mark.binaries)
    this.#holes = mark.holes
  }

  #object(value: object): void {
    if (this.#isReference(value)) return
    const kind = kindOf(value)
    if (kind === 'object') this.fields(value as Fields, Object.keys(value))
    else if (kind === 'list') this.#list(value as readonly unknown[])
    else writeBuiltIn(this, value, kind)
  }

  /** True if the object came before: then it has been written as its number. */
  #isReference(object: object): boolean {
    const number = this.#seen.numberOf(object)
    if (number < 0) return false
    this.out.byte(Tag.reference)
    this.out.varint(number)
    return true
  }

  #list(list: readonly unknown[]): void {
    const names = namedKeysOf(list)
    if (names.length > 0) {
      this.#items(list, Tag.namedList)
      this.fields(list as unknown as Fields, names)
    } else if (!hasFractions(list) || !this.#floats(list)) {
      this.#items(list)
    }
  }

  #items(list: readonly unknown[], longTag?: number): void {
    const { out, trail } = this
    const { length } = list
    if (longTag === undefined) out.head(Tag.shortList, SHORT_LIST_MAX, Tag.list, length)
    else out.head(0, -1, longTag, length)
    const level = trail.enter(Step.index)
    for (let index = 0; index < length; index++) {
      trail.places[level] = index
      const item = list[index]
      if (typeof item === 'number') {
        out.number(item)
      } else if (item !== undefined || Object.hasOwn(list, index)) {
        this.value(item)
      } else {
        const end = this.#endOfHole(list, index, length)
        this.#absent(end - index)
        index = end - 1
      }
    }
    trail.leave()
  }

  /** True if all items are numbers: then they have been written, eight bytes each. */
  #floats(list: readonly unknown[]): boolean {
    const { out } = this
    const { at } = out
    const { length } = list
    out.byte(Tag.floats)
    out.varint(length)
    for (let index = 0; index < length; index++) {
      const item = list[index]
      if (typeof item !== 'number') {
        out.at = at
        return false
      }
      out.float(item)
    }
    return true
  }

  #absent(places: number): void {
    this.out.byte(Tag.absent)
    this.out.varint(places)
  }

  #endOfHole(list: readonly unknown[], start: number, length: number): number {
    const endMax = start + VALUE_HOLES_MAX - this.#holes
    let end = start
    while (end < length && !Object.hasOwn(list, end)) {
      if (end++ < endMax) continue
      this.trail.leave()
      throw new Refusal(
        `has more than ${VALUE_HOLES_MAX} empty places; fill them, or pass a Map of what is there`
      )
    }
    this.#holes += end - start
    return end
  }
}
