/** What was thrown, in one line for people: `RangeError: too large`. */
import { inspect } from 'node:util'

const CHARACTERS_MAX = 400

export function reasonOf(thrown: unknown): string {
  return oneLine(textOf(thrown))
}

/** What was thrown with all that is known of it, for the evidence. */
export function detailsOf(thrown: unknown): string {
  try {
    return inspect(thrown)
  } catch (error) {
    // An object can refuse to be looked at.
    return `something that cannot be shown (${textOf(error)})`
  }
}

function textOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
    return `thrown: ${typeof thrown === 'string' ? thrown : inspect(thrown)}`
  } catch {
    return 'thrown: something that cannot be shown'
  }
}

/** Text without line breaks, and not without end. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX)}…` : line
}
