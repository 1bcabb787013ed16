/**
 * The format of values: what every byte that begins something means. docs/VALUES.md describes it
 * for other languages; a change here is a change of VERSION.
 */

/** The first byte of a value. */
export const VERSION = 1

/** Bytes that begin a value. Those up to INT_MAX are small whole numbers themselves. */
export const Tag = {
  /** + length in bytes, 0 to 31. */
  shortText: 0x80,
  /** + length, 0 to 15. */
  shortList: 0xa0,
  /** + number of keys, 0 to 15: an object whose keys are new. */
  shortNew: 0xb0,
  /** + number of the shape, 0 to 31: an object with keys that came before. */
  shortKnown: 0xc0,
  null: 0xe0,
  undefined: 0xe1,
  false: 0xe2,
  true: 0xe3,
  int: 0xe4,
  float: 0xe5,
  bigint: 0xe6,
  negativeBigint: 0xe7,
  text: 0xe8,
  unpairedText: 0xe9,
  list: 0xea,
  namedList: 0xeb,
  floats: 0xec,
  absent: 0xed,
  new: 0xee,
  known: 0xef,
  reference: 0xf0,
  date: 0xf1,
  regexp: 0xf2,
  map: 0xf3,
  set: 0xf4,
  error: 0xf5,
  boxed: 0xf6,
  buffer: 0xf7,
  view: 0xf8,
  shared: 0xf9
} as const

export const INT_MAX = 0x7f
export const SHORT_TEXT_MAX = 31
export const SHORT_LIST_MAX = 15
export const SHORT_NEW_MAX = 15
export const SHORT_KNOWN_MAX = 31

/** Views by their number. */
export const VIEWS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView'
] as const

/** Errors by their number. */
export const ERRORS = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'SuppressedError'
] as const

/** What an error has beside its enumerable properties: a bit each, written in this order. */
export const ERROR_TEXTS = ['name', 'message', 'stack'] as const
export const ERROR_VALUES = ['cause', 'errors', 'error', 'suppressed'] as const
