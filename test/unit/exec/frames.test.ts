import { expect } from 'chai'
import { FrameReader, encodeFrame } from '../../../src/exec/frames.ts'

describe('frames', () => {
  const messages = [
    { type: 'a', none: undefined, bytes: Buffer.from([0, 255]) },
    { type: 'b', bytes: Buffer.alloc(1_000, 7), list: [1, 2.5, -3] },
    { type: 'c' }
  ]
  const stream = Buffer.concat(messages.map(encodeFrame))

  for (const size of [1, 3, 4, 5, 64, 1_000, 100_000]) {
    it(`come out whole of chunks of ${size} bytes`, () => {
      const reader = new FrameReader<unknown>()
      const read: unknown[] = []
      for (let at = 0; at < stream.length; at += size) {
        read.push(...reader.read(stream.subarray(at, at + size)))
      }
      expect(read).to.deep.equal(messages)
    })
  }

  it('do not keep the chunk they came in', () => {
    const chunk = Buffer.from(stream)
    const [first] = new FrameReader<{ bytes: Uint8Array }>().read(chunk)
    chunk.fill(0)
    expect(first?.bytes).to.deep.equal(Buffer.from([0, 255]))
  })
})
