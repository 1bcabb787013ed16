/**
 * Binary memory of a value: copied once, from where it is into the bytes that are sent.
 *
 * While the value is walked, only the places are noted at which views and buffers come; their
 * bytes are put in at the end. By then it is known which parts of a buffer the value uses: only
 * those are sent. Parts that overlap or touch stay one buffer, so that views which shared memory
 * share it where they arrive; parts that do not are buffers of their own, and what lies between
 * them (in Node, perhaps another Buffer's bytes) never leaves the process.
 */
import { ByteWriter, checkSize } from './byte-writer.ts'

/** A buffer, and where in the value it is used. */
interface Memory {
  readonly buffer: ArrayBuffer
  readonly uses: Use[]
  /** How many of its bytes have been counted. */
  bytes: number
}

/** A view, or a buffer itself, at its place in what has been written. */
interface Use {
  readonly at: number
  readonly memory: Memory
  readonly start: number
  readonly end: number
  /** Bytes of an element: a view may only begin at a multiple of it. */
  readonly unit: number
  /** Elements of a view; undefined for the buffer itself. */
  readonly length: number | undefined
  /** How many bytes it added to those that are counted. */
  readonly added: number
}

/** A part of a buffer, which becomes a buffer of its own where it arrives. */
interface Part {
  readonly start: number
  end: number
  /** Zeros before the bytes of the buffer, so that every view can begin where it must. */
  lead: number
  number: number | undefined
}

/** Enough for every view: what begins at a multiple of its unit still does after this. */
const ALIGNMENT = 8

export class Binaries {
  readonly #uses: Use[] = []
  readonly #memories = new Map<ArrayBuffer, Memory>()
  readonly #heads = new ByteWriter()
  #bytes = 0

  get count(): number {
    return this.#uses.length
  }

  /** Bytes that will be put in, at most. */
  get bytes(): number {
    return this.#bytes
  }

  /** Notes a buffer, or the part of it that a view shows. */
  add(at: number, buffer: ArrayBuffer, view?: ArrayBufferView, unit = 1): void {
    const start = view?.byteOffset ?? 0
    const bytes = view?.byteLength ?? buffer.byteLength
    const memory = this.#memories.get(buffer) ?? { buffer, uses: [], bytes: 0 }
    // Views of one buffer may show the same bytes, but never more than it has.
    const added = Math.max(0, Math.min(bytes, buffer.byteLength - memory.bytes))
    checkSize(at + this.#bytes + added)
    const length = view === undefined ? undefined : bytes / unit
    const use = { at, memory, start, end: start + bytes, unit, length, added }
    this.#memories.set(buffer, memory)
    this.#uses.push(use)
    memory.uses.push(use)
    memory.bytes += added
    this.#bytes += added
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    while (this.#uses.length > count) {
      const { memory, added } = this.#uses.pop() as Use
      memory.uses.pop()
      memory.bytes -= added
      this.#bytes -= added
      if (memory.uses.length === 0) this.#memories.delete(memory.buffer)
    }
  }

  /** What has been written, with the memory put in. */
  putInto(written: ByteWriter): Uint8Array {
    const parts = new Map<Use, Part>()
    for (const { uses } of this.#memories.values()) divide(uses, parts)
    const pieces: Uint8Array[] = []
    let from = 0
    let numbers = 0
    this.#heads.clear()
    for (const use of this.#uses) {
      const part = parts.get(use) as Part
      pieces.push(written.bytes.subarray(from, use.at), headOf(this.#heads, use, part))
      from = use.at
      if (part.number !== undefined) continue
      part.number = numbers++
      const { buffer } = use.memory
      pieces.push(
        new Uint8Array(part.lead),
        new Uint8Array(buffer, part.start, part.end - part.start)
      )
    }
    pieces.push(written.bytes.subarray(from, written.at))
    return joined(pieces)
  }
}

/** Elements and offset of a view, then its buffer's number and, if that is new, its length. */
function headOf(heads: ByteWriter, { start, length }: Use, part: Part): Uint8Array {
  const { at } = heads
  if (length !== undefined) {
    heads.varint(length)
    heads.varint(part.lead + start - part.start)
  }
  if (part.number === undefined) {
    heads.varint(0)
    heads.varint(part.lead + part.end - part.start)
  } else {
    heads.varint(part.number + 1)
  }
  return heads.bytes.subarray(at, heads.at)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Finds, for each use of one buffer, the part of it that is sent. */
function divide(uses: readonly Use[], parts: Map<Use, Part>): void {
  let last: Part | undefined
  const ordered = uses.length === 1 ? uses : uses.toSorted((one, other) => one.start - other.start)
  for (const use of ordered) {
    if (last === undefined || use.start > last.end) {
      last = { start: use.start, end: use.end, lead: 0, number: undefined }
    }
    last.end = Math.max(last.end, use.end)
    // Where a view could not begin in the part, it could in the whole buffer.
    if ((use.start - last.start) % use.unit !== 0) last.lead = last.start % ALIGNMENT
    parts.set(use, last)
  }
}
