/**
 * Messages on a pipe between two processes of one node: JSON and the bytes that belong to it.
 *
 *     u32 length of all that follows, u32 length of the JSON, JSON, bytes
 *
 * Both ends are this program in this version, so shapes are not checked again. What is read is
 * copied out of the pipe's buffer, so that a small result does not hold a large one.
 */

/** A message without its bytes, and those: the head says how many belong where. */
export interface Packed {
  readonly head: unknown
  readonly bytes: readonly Uint8Array[]
}

/** Hands out the bytes of a message in their order. */
export type TakeBytes = (length: number) => Uint8Array

const LENGTH_BYTES = 4
const NOTHING = new Uint8Array(0)

/** One message, ready to be written. */
export function encodeFrame({ head, bytes }: Packed): Buffer {
  const json = JSON.stringify(head)
  const jsonBytes = Buffer.byteLength(json)
  let length = 2 * LENGTH_BYTES + jsonBytes
  for (const each of bytes) length += each.length
  const frame = Buffer.allocUnsafe(length)
  frame.writeUInt32BE(length - LENGTH_BYTES)
  frame.writeUInt32BE(jsonBytes, LENGTH_BYTES)
  let at = 2 * LENGTH_BYTES + frame.write(json, 2 * LENGTH_BYTES)
  for (const each of bytes) {
    frame.set(each, at)
    at += each.length
  }
  return frame
}

/** Cuts the chunks of a pipe into messages. */
export class FrameReader<Message> {
  readonly #unpack: (head: unknown, take: TakeBytes) => Message
  #chunks: Buffer[] = []
  #bytes = 0
  #wanted = LENGTH_BYTES

  /** `unpack` puts a message together again. */
  constructor(unpack: (head: unknown, take: TakeBytes) => Message) {
    this.#unpack = unpack
  }

  /** The messages that `chunk` completes, in order. */
  read(chunk: Buffer): Message[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    // Joining only once enough is there keeps a frame of many chunks linear.
    return this.#bytes < this.#wanted ? [] : this.#cut(Buffer.concat(this.#chunks))
  }

  #cut(buffer: Buffer): Message[] {
    const messages: Message[] = []
    let start = 0
    this.#wanted = LENGTH_BYTES
    while (buffer.length - start >= LENGTH_BYTES) {
      const end = start + LENGTH_BYTES + buffer.readUInt32BE(start)
      if (end > buffer.length) {
        this.#wanted = end - start
        break
      }
      messages.push(this.#decode(buffer.subarray(start + LENGTH_BYTES, end)))
      start = end
    }
    this.#chunks = [buffer.subarray(start)]
    this.#bytes = buffer.length - start
    return messages
  }

  #decode(body: Buffer): Message {
    let at = LENGTH_BYTES + body.readUInt32BE(0)
    const head: unknown = JSON.parse(body.toString('utf8', LENGTH_BYTES, at))
    return this.#unpack(head, (length) => {
      if (length === 0) return NOTHING
      at += length
      return new Uint8Array(body.subarray(at - length, at))
    })
  }
}
