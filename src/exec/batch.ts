/** Gathers what becomes ready in one go, so that it is handed on at once. */
export class Batch<Item> {
  readonly #flush: (items: Item[]) => void
  #items: Item[] = []

  constructor(flush: (items: Item[]) => void) {
    this.#flush = flush
  }

  add(item: Item): void {
    if (this.#items.push(item) > 1) return
    queueMicrotask(() => {
      const items = this.#items
      this.#items = []
      this.#flush(items)
    })
  }
}
