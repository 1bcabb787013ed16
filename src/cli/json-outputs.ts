/**
 * Lines of JSON with what a task has printed. Such a line can be longer than a string of Node may
 * be, and than is good for memory: it is made and written piece by piece.
 */
import { isUtf8 } from 'node:buffer'
import { StringDecoder } from 'node:string_decoder'
import type { Context } from './command.ts'
import { jsonLine, safeJson } from './output.ts'

/** The most of an output that a line holds. */
const LINE_OUTPUT_BYTES_MAX = 64 * 1024 * 1024
/**
 * The most JSON that an output becomes as text; a control character takes six bytes of it. What
 * would be more is base64. So a line stays below 512 MiB: programs in Node, too, can read it.
 */
const TEXT_BYTES_MAX = 192 * 1024 * 1024
const ESCAPE_BYTES_MAX = 6
/** Bytes of an output in a piece; a multiple of three, as base64 needs it. */
const PIECE_BYTES = 48 * 1024

/** The first 64 MiB of an output. */
export async function firstBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = []
  let left = LINE_OUTPUT_BYTES_MAX
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, left)
    kept.push(part)
    left -= part.length
    if (left === 0) break
  }
  return Buffer.concat(kept)
}

/** A line of the fields of `head` and then the outputs, each as `bytesField` has it, in pieces. */
export function* jsonPieces(
  head: Readonly<Record<string, unknown>>,
  outputs: Readonly<Record<string, Uint8Array>>
): Generator<string, void, undefined> {
  let text = ''
  for (const part of partsOf(head, outputs)) {
    text += part
    if (text.length < PIECE_BYTES) continue
    yield text
    text = ''
  }
  yield text
}

/** Writes pieces right behind each other: what others write comes before or after all of them. */
export async function writeTogether(
  pieces: Iterable<string>,
  write: Context['stdout']
): Promise<void> {
  await Promise.all(Array.from(pieces, (piece) => write(piece)))
}

function* partsOf(
  head: Readonly<Record<string, unknown>>,
  outputs: Readonly<Record<string, Uint8Array>>
): Generator<string, void, undefined> {
  yield jsonLine(head).slice(0, -'}\n'.length)
  for (const [name, bytes] of Object.entries(outputs)) {
    const isText = becomesText(bytes)
    yield `,"${name}${isText ? '' : 'Base64'}":"`
    yield* isText ? textParts(bytes) : base64Parts(bytes)
    yield '"'
  }
  yield '}\n'
}

function becomesText(bytes: Uint8Array): boolean {
  if (!isUtf8(bytes)) return false
  if (bytes.length * ESCAPE_BYTES_MAX <= TEXT_BYTES_MAX) return true
  let total = 0
  for (const part of textParts(bytes)) total += Buffer.byteLength(part)
  return total <= TEXT_BYTES_MAX
}

/** What stands between the quotes. */
function* textParts(bytes: Uint8Array): Generator<string, void, undefined> {
  // A character may lie across two pieces.
  const decoder = new StringDecoder('utf8')
  for (const piece of piecesOf(bytes)) yield safeJson(decoder.write(piece)).slice(1, -1)
}

function* base64Parts(bytes: Uint8Array): Generator<string, void, undefined> {
  for (const piece of piecesOf(bytes)) yield piece.toString('base64')
}

function* piecesOf(bytes: Uint8Array): Generator<Buffer, void, undefined> {
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, bytes.length - from)
    yield Buffer.from(bytes.buffer, bytes.byteOffset + from, length)
  }
}
