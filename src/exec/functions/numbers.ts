/**
 * Numbers out of frames and into them, little-endian. Those of Buffer go through four functions each,
 * which a process that has just begun feels: tens of thousands of frames pass every second.
 */
const eight = new Uint8Array(8)
const view = new DataView(eight.buffer)

/** Throws a RangeError behind the end. */
export function readU32(bytes: Uint8Array, at: number): number {
  const last = bytes[at + 3]
  if (last === undefined) throw new RangeError('a frame that ends inside a number')
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
  return (low | (last << 24)) >>> 0
}

/** Throws a RangeError behind the end. */
export function readF64(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length) throw new RangeError('a frame that ends inside a number')
  for (let place = 0; place < 8; place++) eight[place] = bytes[at + place] ?? 0
  return view.getFloat64(0, true)
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function putF64(bytes: Uint8Array, at: number, value: number): void {
  view.setFloat64(0, value, true)
  for (let place = 0; place < 8; place++) bytes[at + place] = eight[place] ?? 0
}
