/**
 * A seeded generator of pseudo-random numbers, for jitter and for simulations: the same seed gives
 * the same run on every engine. Not for secrets.
 *
 * Source of the algorithm: mulberry32 by Tommy Ettinger (public domain).
 */
export class Rng {
  #state: number

  /** `seed`: any integer. */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }
}
