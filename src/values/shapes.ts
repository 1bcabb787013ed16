/**
 * Lists of keys that came before in a value: a thousand records of one kind name their keys once.
 */

/** How far back a list of keys is looked for. */
const LOOK_MAX = 16

export class Shapes {
  /** How many there are. */
  count = 0
  #shapes: (readonly string[])[] = []
  /** What was found last at each level of nesting, for lists of records: a hint, no more. */
  readonly #lastAt: number[] = []

  /** The number of the shape with these keys, or -1: then they have the next number from now on. */
  numberOf(keys: readonly string[], level: number): number {
    const { count } = this
    const shapes = this.#shapes
    const last = this.#lastAt[level] ?? 0
    if (isSame(shapes[last], keys)) return last
    const end = Math.max(0, count - LOOK_MAX)
    for (let number = count - 1; number >= end; number--) {
      if (!isSame(shapes[number], keys)) continue
      this.#lastAt[level] = number
      return number
    }
    this.#lastAt[level] = count
    shapes[count] = keys
    this.count = count + 1
    return -1
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    if (this.count > count) this.#shapes.length = count
    this.count = count
  }
}

function isSame(shape: readonly string[] | undefined, keys: readonly string[]): boolean {
  if (shape?.length !== keys.length) return false
  for (let place = 0; place < keys.length; place++) {
    if (shape[place] !== keys[place]) return false
  }
  return true
}
