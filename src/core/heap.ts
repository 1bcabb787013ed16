/**
 * A binary min-heap. Every queue of the core that is not first-in-first-out is one of these:
 * O(log n) to add and to take, nothing to scan.
 */
export class Heap<Item> {
  readonly #items: Item[] = []
  readonly #isBefore: (a: Item, b: Item) => boolean

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  /** The smallest item, left in place. */
  peek(): Item | undefined {
    return this.#items[0]
  }

  push(item: Item): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent] as Item
      if (!this.#isBefore(item, above)) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  /** Takes the smallest item out. */
  pop(): Item | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length > 0) this.#sink(last as Item)
    return first
  }

  /** Keeps the items that pass. Costs O(n). */
  filter(keep: (item: Item) => boolean): void {
    const kept = this.#items.filter(keep)
    this.#items.length = 0
    for (const item of kept) this.push(item)
  }

  #sink(item: Item): void {
    const items = this.#items
    const size = items.length
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1
      if (right < size && this.#isBefore(items[right] as Item, items[child] as Item)) child = right
      const below = items[child] as Item
      if (!this.#isBefore(below, item)) break
      items[at] = below
      at = child
    }
    items[at] = item
  }
}
