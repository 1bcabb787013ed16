/**
 * Lists of one manager: like an `Array`, with promises.
 */
import { checkGiven, wholeNumber } from '../core/checks.ts'
import { bytesOf, Shared, valueOf, valuesOf } from './shared.ts'
import type { Calls } from './shared.ts'

const PAGE_ITEMS = 1_024

/** `Manager().list()`: each call is one step. Places below zero count from the end. */
export class List<Item = unknown> extends Shared implements AsyncIterable<Item> {
  constructor(calls: Calls, name: string) {
    super(calls, 'list', name)
  }

  async length(): Promise<number> {
    return Number((await this.ask('state')).args[0])
  }

  /** The item at a place; undefined if there is none. */
  async at(place: number): Promise<Item | undefined> {
    checkGiven('place', place, wholeNumber())
    const end = place === -1 ? null : place + 1
    const answer = await this.ask('slice', { args: [place, end] })
    // What is before the beginning is not what stands at it.
    const isThere = answer.values.length > 0 && -place <= Number(answer.args[0])
    return isThere ? (valueOf(answer) as Item) : undefined
  }

  /** Replaces an item. Throws NOT_FOUND if there is none. */
  async set(place: number, item: Item): Promise<void> {
    checkGiven('place', place, wholeNumber())
    const answer = await this.askFor('set', { args: [place], values: [bytesOf(item, 'item')] })
    if (answer.status === 'notFound') throw this.lacks(`no item at place ${place}`)
    this.checked(answer, 'set')
  }

  /** Puts items at the end; returns how many there are then. */
  async push(...items: Item[]): Promise<number> {
    const answer = await this.ask('splice', { args: [null, 0], values: items.map(bytesOfItem) })
    return Number(answer.args[0])
  }

  /** Puts items at the beginning. */
  async unshift(...items: Item[]): Promise<number> {
    const answer = await this.ask('splice', { args: [0, 0], values: items.map(bytesOfItem) })
    return Number(answer.args[0])
  }

  /** Takes out the last item, or the one at a place; undefined if there is none. */
  async pop(place = -1): Promise<Item | undefined> {
    checkGiven('place', place, wholeNumber())
    const answer = await this.ask('splice', { args: [place, 1, true] })
    return answer.values.length > 0 ? (valueOf(answer) as Item) : undefined
  }

  async shift(): Promise<Item | undefined> {
    return await this.pop(0)
  }

  async insert(place: number, item: Item): Promise<void> {
    await this.splice(place, 0, item)
  }

  /** Takes out so many items from a place on, and puts others there; returns the former. */
  async splice(start: number, count: number, ...items: Item[]): Promise<Item[]> {
    checkGiven('start', start, wholeNumber())
    checkGiven('count', count, wholeNumber(0))
    const values = items.map(bytesOfItem)
    return valuesOf(await this.ask('splice', { args: [start, count], values })) as Item[]
  }

  /** Throws LIMIT for more than fits into one answer (64 MiB): iterate instead. */
  async slice(start = 0, end?: number): Promise<Item[]> {
    checkGiven('start', start, wholeNumber())
    if (end !== undefined) checkGiven('end', end, wholeNumber())
    return valuesOf(await this.ask('slice', { args: [start, end ?? null] })) as Item[]
  }

  /** Where an item is that has the same bytes: deeply equal, its keys in the same order. */
  async indexOf(item: Item, from = 0): Promise<number> {
    checkGiven('from', from, wholeNumber())
    const answer = await this.ask('find', { args: [from], values: [bytesOfItem(item)] })
    return Number(answer.args[0])
  }

  async includes(item: Item): Promise<boolean> {
    return (await this.indexOf(item)) >= 0
  }

  async reverse(): Promise<void> {
    await this.ask('reverse')
  }

  async clear(): Promise<void> {
    await this.ask('clear')
  }

  /** Its items, 1,024 in one step. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for (let at = 0; ; at += PAGE_ITEMS) {
      const items = await this.slice(at, at + PAGE_ITEMS)
      yield* items
      if (items.length < PAGE_ITEMS) return
    }
  }
}

function bytesOfItem(item: unknown): Uint8Array {
  return bytesOf(item, 'item')
}
