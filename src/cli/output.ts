/**
 * Text on its way to a terminal or into JSON.
 *
 * Names, labels and reasons come from peers, and a terminal obeys control characters: no such
 * text reaches it unescaped. What tasks print is data and goes to stdout as it is.
 */
import { isUtf8 } from 'node:buffer'

/**
 * Everything that a terminal may take for an order (Cc), that changes the direction or the look of
 * the text around it (Cf), that ends a line, or that is half a character and cannot be printed.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text of a peer, safe to show in one line: `\n`, `\x1b` and `\u{202e}` instead of what they are. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? escaped(character))
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`
}

/**
 * A value as one line of JSON with its end. It reads back as the same value, and is as safe to
 * show as what `escapeText` makes.
 */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  return `${safeJson(value)}\n`
}

/** A value as JSON that is safe to show. */
export function safeJson(value: Readonly<Record<string, unknown>> | string): string {
  return JSON.stringify(value).replace(UNSAFE, escapedInJson)
}

/** JSON names what lies beyond 16 bits by its two halves. */
function escapedInJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${hex(unit, 4)}`).join('')
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/** Bytes as a field of JSON: `{ stdout: text }`, or `{ stdoutBase64 }` where they are not UTF-8. */
export function bytesField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(view)
    ? { [name]: view.toString('utf8') }
    : { [`${name}Base64`]: view.toString('base64') }
}
