/**
 * Quoting for `/bin/sh`, on bytes: arguments may hold any byte but NUL, in no particular encoding.
 */

const QUOTE = 0x27
const ESCAPED_QUOTE = Buffer.from(`'\\''`)
const QUOTE_BYTES = Buffer.from(`'`)

/** `bytes` as one literal word of the shell, in single quotes. */
export function quoted(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [QUOTE_BYTES]
  let start = 0
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, start)) {
    parts.push(bytes.subarray(start, at), ESCAPED_QUOTE)
    start = at + 1
  }
  parts.push(bytes.subarray(start), QUOTE_BYTES)
  return Buffer.concat(parts)
}

/** The same for text. */
export function quotedText(text: string): string {
  return `'${text.replaceAll(`'`, `'\\''`)}'`
}
