/**
 * Keys of shared dicts as texts: one letter for the type, and the key.
 */
import { P2pJobsError } from '../core/errors.ts'
import { ARG_CHARACTERS_MAX } from '../core/limits.ts'

export type Key = string | number | bigint | boolean | null | undefined

/** Throws BAD_VALUE for what cannot be a key. */
export function textOfKey(key: Key): string {
  const text = encode(key)
  if (text !== undefined && text.length <= ARG_CHARACTERS_MAX) return text
  throw new P2pJobsError(
    'BAD_VALUE',
    'a key of a shared dict must be a text of at most ' +
      `${ARG_CHARACTERS_MAX - 1} characters, a number, bigint, boolean, null or undefined`
  )
}

export function keyOfText(text: string): Key {
  const rest = text.slice(1)
  switch (text[0]) {
    case 's':
      return rest
    case 'n':
      return Number(rest)
    case 'i':
      return BigInt(rest)
    case 'b':
      return rest === 'true'
    case 'z':
      return null
    default:
      return undefined
  }
}

function encode(key: unknown): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`
    case 'number':
      return `n${key}`
    case 'bigint':
      return `i${key}`
    case 'boolean':
      return `b${key}`
    case 'undefined':
      return 'u'
    default:
      return key === null ? 'z' : undefined
  }
}
