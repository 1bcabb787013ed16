/**
 * `--tag`: the argument and a tab before every line of output.
 */
const NEWLINE = 0x0a

/** Chunks of output in, chunks with the tag before each line out. */
export class Tagger {
  readonly #tag: Uint8Array
  #isAtStart = true

  constructor(argument: Uint8Array) {
    this.#tag = Buffer.concat([argument, Buffer.from('\t')])
  }

  push(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    let from = 0
    while (from < chunk.length) {
      if (this.#isAtStart) parts.push(this.#tag)
      const end = chunk.indexOf(NEWLINE, from)
      this.#isAtStart = end >= 0
      const next = end < 0 ? chunk.length : end + 1
      parts.push(chunk.subarray(from, next))
      from = next
    }
    return Buffer.concat(parts)
  }
}
