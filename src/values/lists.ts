/**
 * What can be said of an array before it is walked, at a cost that does not grow with it.
 */
import { inspect } from 'node:util'

const NONE: readonly string[] = []
/** Up to this length the keys of an array are listed faster than it is printed. */
const LISTED_MAX = 32
/** Fewer numbers are as small and as fast one by one. */
const FLOATS_MIN = 4

/** Nothing is invoked, and of a million items none is looked at. */
const ONLY_NAMED = {
  maxArrayLength: 0,
  maxStringLength: 0,
  depth: 0,
  customInspect: false,
  getters: false
}

/** Names of properties beside the items, as arrays that regular expressions give have them. */
export function namedKeysOf(list: readonly unknown[]): readonly string[] {
  const { length } = list
  // Listing the keys of a large array takes longer than sending it; printing what is not an item
  // does not. Whatever it prints, a wrong guess only costs the listing.
  if (length > LISTED_MAX && inspect(list, ONLY_NAMED) === `[ ... ${length} more items ]`) {
    return NONE
  }
  const keys = Object.keys(list)
  const last = keys.length - 1
  if (last < 0 || (last === length - 1 && keys[last] === String(last))) return NONE
  // Items come first, in order.
  const firstNamed = keys.findLastIndex((key) => isIndex(key)) + 1
  return firstNamed === keys.length ? NONE : keys.slice(firstNamed)
}

/** Whether an array looks like one of floating point numbers: three samples tell. */
export function hasFractions(list: readonly unknown[]): boolean {
  const { length } = list
  if (length < FLOATS_MIN) return false
  return isFraction(list[0]) || isFraction(list[length - 1]) || isFraction(list[length >> 1])
}

function isFraction(item: unknown): boolean {
  return typeof item === 'number' && (item | 0) !== item
}

/** Whether a property of an array is an item. */
export function isIndex(key: string): boolean {
  const index = Number(key) >>> 0
  return String(index) === key && index !== 0xffffffff
}
