/**
 * Copies of small messages, cut from larger pieces of memory: a piece of its own costs a small
 * message five times as much.
 */

const SLAB_BYTES = 16 * 1024
/** Whoever keeps one small copy keeps its slab: larger ones do not gain enough by it. */
const SMALL_BYTES_MAX = 1024
/** The engine holds arrays up to this size without memory outside its heap. */
const ON_HEAP_BYTES_MAX = 64

export class Slab {
  #buffer = new ArrayBuffer(SLAB_BYTES)
  #used = 0

  copyOf(bytes: Uint8Array, length: number): Uint8Array {
    if (length > SMALL_BYTES_MAX) return bytes.slice(0, length)
    if (length <= ON_HEAP_BYTES_MAX) return copyOnHeap(bytes, length)
    if (this.#used + length > SLAB_BYTES) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#buffer, this.#used, length)
    copy.set(bytes.subarray(0, length))
    this.#used += length
    return copy
  }
}

function copyOnHeap(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length)
  for (let place = 0; place < length; place++) copy[place] = bytes[place] as number
  return copy
}
