/**
 * Messages on a pipe between two processes of one node: u32 length, then MessagePack.
 *
 * Both ends are this program in this version, so shapes are not checked again. Bytes travel raw;
 * what is read is copied out of the pipe's buffer, so that a small result does not hold a large one.
 */
import { Packr } from 'msgpackr'

const HEADER_BYTES = 4
const packr = new Packr({ useRecords: false, copyBuffers: true })

/** One message with its length in front, ready to be written. */
export function encodeFrame(message: unknown): Buffer {
  const body = packr.pack(message)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length)
  frame.writeUInt32BE(body.length)
  frame.set(body, HEADER_BYTES)
  return frame
}

/** Cuts the chunks of a pipe into messages. */
export class FrameReader<Message> {
  #chunks: Buffer[] = []
  #bytes = 0
  #wanted = HEADER_BYTES

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
    this.#wanted = HEADER_BYTES
    while (buffer.length - start >= HEADER_BYTES) {
      const end = start + HEADER_BYTES + buffer.readUInt32BE(start)
      if (end > buffer.length) {
        this.#wanted = end - start
        break
      }
      messages.push(packr.unpack(buffer.subarray(start + HEADER_BYTES, end)) as Message)
      start = end
    }
    this.#chunks = [buffer.subarray(start)]
    this.#bytes = buffer.length - start
    return messages
  }
}
