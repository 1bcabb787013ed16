/**
 * Keys of shared dicts as texts: one letter for the type, and the key.
 */
import { P2pJobsError } from '../core/errors.ts'
import { ARG_CHARACTERS_MAX } from '../core/limits.ts'
import { shown } from '../core/shown.ts'
import { isShortText } from './options.ts'

export type Key = string | number | bigint | boolean | null | undefined

/** Throws BAD_VALUE for what cannot be a key. */
export function textOfKey(key: Key): string {
  const text = encode(key)
  if (isShortText(text)) return text
  throw new P2pJobsError(
    'BAD_VALUE',
    `a key of a shared dict must be a text of at most ${ARG_CHARACTERS_MAX - 1} characters, a ` +
      `number, bigint, boolean, null or undefined, not ${shown(key)}`
  )
}

const READERS: Readonly<Record<string, (rest: string) => Key>> = {
  s: (rest) => rest,
  n: Number,
  i: BigInt,
  b: (rest) => rest === 'true',
  z: () => null,
  u: () => undefined
}

export function keyOfText(text: string): Key {
  return READERS[text[0] ?? '']?.(text.slice(1))
}

function encode(key: unknown): string | undefined {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'number') return `n${key}`
  if (typeof key === 'bigint') return `i${key}`
  if (typeof key === 'boolean') return `b${key}`
  if (key === undefined) return 'u'
  return key === null ? 'z' : undefined
}
