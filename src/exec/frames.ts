/**
 * Messages on a pipe between two processes of one node: u32 length, then a structured clone.
 *
 * Both ends are this program in this version, so shapes are not checked again. Bytes travel raw;
 * what is read is copied out of the pipe's buffer, so that a small result does not hold a large one.
 */
import { DefaultDeserializer, DefaultSerializer } from 'node:v8'

const HEADER_BYTES = 4

/** One message with its length in front, ready to be written. */
export function encodeFrame(message: unknown): Buffer {
  const writer = new FrameWriter()
  writer.writeRawBytes(Buffer.alloc(HEADER_BYTES))
  writer.writeHeader()
  writer.writeValue(message)
  const frame = writer.releaseBuffer()
  frame.writeUInt32BE(frame.length - HEADER_BYTES)
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
      const reader = new BodyReader(buffer.subarray(start + HEADER_BYTES, end))
      reader.readHeader()
      messages.push(reader.readValue() as Message)
      start = end
    }
    this.#chunks = [buffer.subarray(start)]
    this.#bytes = buffer.length - start
    return messages
  }
}

/** The only objects that are not plain ones are bytes. */
class FrameWriter extends DefaultSerializer {
  _writeHostObject(bytes: Uint8Array): void {
    this.writeUint32(bytes.length)
    this.writeRawBytes(bytes)
  }
}

class BodyReader extends DefaultDeserializer {
  _readHostObject(): Uint8Array {
    return new Uint8Array(this.readRawBytes(this.readUint32()))
  }
}
