/**
 * The objects of a value by number, in the order in which they began: one that comes again is
 * written as its number, which keeps cycles and shared references what they are.
 */

/** So many are looked through faster than a Map is filled. */
const LOOK_MAX = 16

export class Seen {
  /** How many there are. */
  count = 0
  readonly #first = new Array<object | undefined>(LOOK_MAX).fill(undefined)
  /** All of them, once there are many. */
  #numbers: Map<object, number> | undefined

  /** The number of an object that came before; else it gets the next number, and -1 is returned. */
  numberOf(object: object): number {
    if (this.#numbers !== undefined) return this.#look(this.#numbers, object)
    const first = this.#first
    for (let number = 0; number < this.count; number++) {
      if (first[number] === object) return number
    }
    if (this.count < LOOK_MAX) {
      first[this.count++] = object
      return -1
    }
    this.#numbers = new Map(first.map((each, number) => [each as object, number]))
    return this.#look(this.#numbers, object)
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    if (count <= LOOK_MAX) {
      this.#numbers = undefined
      this.#first.fill(undefined, count, Math.min(this.count, LOOK_MAX))
    } else {
      for (const [object, number] of this.#numbers ?? []) {
        if (number >= count) this.#numbers?.delete(object)
      }
    }
    this.count = count
  }

  #look(numbers: Map<object, number>, object: object): number {
    const number = numbers.get(object)
    if (number !== undefined) return number
    numbers.set(object, this.count++)
    return -1
  }
}
