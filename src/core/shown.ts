/**
 * What was given, in messages about it.
 */

const CHARACTERS_MAX = 60

/** A value in a few words. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const short = value.slice(0, CHARACTERS_MAX).toWellFormed()
    return `'${short}${value.length > CHARACTERS_MAX ? '…' : ''}'`
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
