/**
 * Cuts a list into parts that fit into a message each.
 */
import { ENTRIES_MAX, FRAME_BYTES_TARGET } from './limits.ts'

/** Parts of at most `ENTRIES_MAX` entries and about 64 KiB; one large entry is a part of its own. */
export function inMessages<Entry>(
  entries: readonly Entry[],
  bytesOf: (entry: Entry) => number
): (readonly Entry[])[] {
  const parts: (readonly Entry[])[] = []
  let from = 0
  let bytes = 0
  let at = 0
  for (const entry of entries) {
    const size = bytesOf(entry)
    const isFull = at - from === ENTRIES_MAX || bytes + size > FRAME_BYTES_TARGET
    if (at > from && isFull) {
      parts.push(entries.slice(from, at))
      from = at
      bytes = 0
    }
    bytes += size
    at++
  }
  if (from < entries.length) parts.push(from === 0 ? entries : entries.slice(from))
  return parts
}
