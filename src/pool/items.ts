/**
 * The items of `map` and its kin, and the arguments of single calls: what they may be, and how they
 * are taken.
 */
import { check, checkGiven, list } from '../core/checks.ts'
import type { Check } from '../core/checks.ts'

export type Items<Item> = Iterable<Item> | AsyncIterable<Item>

const iterable: Check = {
  wanted: 'an iterable or an async iterable',
  accepts: (value) => canBegin(value, Symbol.iterator) || canBegin(value, Symbol.asyncIterator)
}

const argumentList: Check = { ...list, wanted: "the array of a call's arguments" }

/** Throws USAGE for what has no items. */
export function checkItems(items: unknown): void {
  checkGiven('the items', items, iterable)
}

/** Throws USAGE for arguments that are no list. */
export function checkArguments(args: unknown): void {
  check('the arguments of a call', args, list)
}

/** Throws USAGE for items that are not each the list of a call's arguments. */
export function checkArgumentLists(items: readonly unknown[]): void {
  const at = items.findIndex((item) => !argumentList.accepts(item))
  if (at >= 0) checkGiven(`item ${at} of starmap`, items[at], argumentList)
}

/** All of them. */
export async function listOf<Item>(items: Items<Item>): Promise<readonly Item[]> {
  if (isAsync(items)) return await Array.fromAsync(items)
  return Array.isArray(items) ? (items as readonly Item[]) : [...items]
}

/** Each as the only argument of a call. */
export function oneArgumentEach(items: readonly unknown[]): (readonly unknown[])[] {
  // Not `map`, which leaves holes.
  return Array.from(items, (item) => [item])
}

/** One after the other. */
export function iteratorOf<Item>(items: Items<Item>): Iterator<Item> | AsyncIterator<Item> {
  return isAsync(items) ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}

function isAsync<Item>(items: Items<Item>): items is AsyncIterable<Item> {
  return canBegin(items, Symbol.asyncIterator)
}

/** Asked of text, too, which is no object. */
function canBegin(items: unknown, how: symbol): boolean {
  const { [how]: begin } = (items ?? {}) as Readonly<Record<symbol, unknown>>
  return typeof begin === 'function'
}
