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

/** A view, or a buffer itself, at its place in what has been written. */
interface Use {
  readonly at: number
  readonly buffer: ArrayBuffer
  readonly start: number
  readonly end: number
  /** Bytes of an element: a view may only begin at a multiple of it. */
  readonly unit: number
  /** Elements of a view; undefined for the buffer itself. */
  readonly length: number | undefined
  /** How many bytes it added to what the value takes. */
  readonly added: number
}

/** A part of a buffer, which becomes a buffer of its own where it arrives. */
interface Part {
  start: number
  end: number
  /** Zeros before the bytes of the buffer, so that every view can begin where it must. */
  lead: number
  number: number | undefined
}

/** Enough for every view: what begins at a multiple of its unit still does after this. */
const ALIGNMENT = 8

export class Binaries {
  #uses: Use[] = []
  #bytesOf = new Map<ArrayBuffer, number>()
  #bytes = 0
  readonly #heads = new ByteWriter()

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
    // Views of one buffer may show the same bytes, but never more than it has.
    const known = this.#bytesOf.get(buffer) ?? 0
    const added = Math.min(bytes, buffer.byteLength - known)
    checkSize(at + this.#bytes + added)
    this.#bytesOf.set(buffer, known + added)
    this.#bytes += added
    const length = view === undefined ? undefined : bytes / unit
    this.#uses.push({ at, buffer, start, end: start + bytes, unit, length, added })
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    if (this.#uses.length === count) return
    for (const { buffer, added } of this.#uses.splice(count)) {
      this.#bytesOf.set(buffer, (this.#bytesOf.get(buffer) as number) - added)
      this.#bytes -= added
    }
    if (count === 0) this.#bytesOf.clear()
  }

  /** What has been written, with the memory put in. */
  putInto(written: ByteWriter): Uint8Array {
    const parts = partsOf(this.#uses)
    const pieces: Uint8Array[] = []
    let bytes = 0
    let from = 0
    let numbers = 0
    const put = (piece: Uint8Array): void => {
      pieces.push(piece)
      bytes += piece.length
    }
    for (const use of this.#uses) {
      const part = parts.get(use) as Part
      put(written.bytes.subarray(from, use.at))
      from = use.at
      put(headOf(this.#heads, use, part))
      if (part.number !== undefined) continue
      part.number = numbers++
      put(new Uint8Array(part.lead))
      put(new Uint8Array(use.buffer, part.start, part.end - part.start))
    }
    put(written.bytes.subarray(from, written.at))
    return joined(pieces, bytes)
  }
}

/** Elements and offset of a view, then its buffer's number and, if that is new, its length. */
function headOf(heads: ByteWriter, { start, length }: Use, part: Part): Uint8Array {
  heads.clear()
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
  return heads.bytes.slice(0, heads.at)
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** For each use, the part of its buffer that is sent for it. */
function partsOf(uses: readonly Use[]): Map<Use, Part> {
  const parts = new Map<Use, Part>()
  const groups = Map.groupBy(uses, ({ buffer }) => buffer)
  for (const group of groups.values()) {
    const ordered = group.toSorted((one, other) => one.start - other.start)
    let part: Part | undefined
    for (const use of ordered) {
      if (part === undefined || use.start > part.end) {
        part = { start: use.start, end: use.end, lead: 0, number: undefined }
      }
      part.end = Math.max(part.end, use.end)
      parts.set(use, part)
    }
    for (const use of ordered) align(parts.get(use) as Part, use)
  }
  return parts
}

/** A view that cannot begin where it is in its part could begin there in the whole buffer. */
function align(part: Part, { start, unit }: Use): void {
  if ((start - part.start) % unit !== 0) part.lead = part.start % ALIGNMENT
}
