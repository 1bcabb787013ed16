import { expect } from 'chai'
import { FrameReader, encodeFrame } from '../../../src/exec/frames.ts'
import type { TakeBytes } from '../../../src/exec/frames.ts'

interface Message {
  readonly text: string
  readonly bytes: Uint8Array
}

const unpack = (head: unknown, take: TakeBytes): Message => {
  const { text, length } = head as { text: string; length: number }
  return { text, bytes: take(length) }
}

describe('frames', () => {
  const messages: Message[] = [
    { text: 'naïve ☃', bytes: Uint8Array.of(0, 255) },
    { text: '', bytes: new Uint8Array(1_000).fill(7) },
    { text: 'c', bytes: new Uint8Array(0) }
  ]
  const encoded = messages.map(({ text, bytes }) =>
    encodeFrame({ head: { text, length: bytes.length }, bytes: [bytes] })
  )
  const stream = Buffer.concat(encoded)

  for (const size of [1, 3, 4, 5, 64, 1_000, 100_000]) {
    it(`come out whole of chunks of ${size} bytes`, () => {
      const reader = new FrameReader(unpack)
      const read: Message[] = []
      for (let at = 0; at < stream.length; at += size) {
        read.push(...reader.read(stream.subarray(at, at + size)))
      }
      expect(read).to.deep.equal(messages)
    })
  }

  it('do not keep the chunk they came in', () => {
    const chunk = Buffer.from(stream)
    const [first] = new FrameReader(unpack).read(chunk)
    chunk.fill(0)
    expect(first?.bytes).to.deep.equal(Uint8Array.of(0, 255))
    expect(first?.bytes.buffer.byteLength).to.equal(2)
  })
})
