/**
 * The fingerprint of a run: two runs with the same fingerprint did the same things at the same
 * instants. FNV-1a over small integers.
 */
export class Trace {
  events = 0
  #hash = 0x811c9dc5

  add(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193)
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }
}
