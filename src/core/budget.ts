/**
 * Memory that several share: whoever is about to fill some takes it first, and gives it back.
 */
export class Budget {
  readonly #bytesMax: number
  #taken = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** How many bytes are taken. */
  get taken(): number {
    return this.#taken
  }

  /** False when there is not so much left: then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
  }
}
