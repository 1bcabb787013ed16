/**
 * First in, first out, in constant time however long it gets. (`Array.shift` moves everything
 * behind the first item.)
 */
export class Queue<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  /** The item behind the first so many. */
  at(skipped: number): Item | undefined {
    return this.#items[this.#head + skipped]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head]
    if (this.#head < this.#items.length) this.#items[this.#head++] = undefined
    // Give the space back once half of it is empty, so that each item is moved at most once.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes out the item that came last. */
  pop(): Item | undefined {
    return this.size > 0 ? this.#items.pop() : undefined
  }

  clear(): void {
    this.#items.length = 0
    this.#head = 0
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] as Item
  }
}
