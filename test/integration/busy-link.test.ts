/** What streams that are always full leave for each other and for the rest of their connection. */
import { expect } from 'chai'
import type { FrameStream } from '../../src/net/frame-stream.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { framed, StreamPairs } from '../support/stream-pairs.ts'
import { until } from '../support/until.ts'

/** Together their windows are more than sockets hold, so that the connection itself is full. */
const STREAMS = 16
const SHARE_BYTES = 1024 * 1024
const FRAME = encodeFrame(new Uint8Array(65_536))

describe('a connection that is always full', function () {
  this.timeout(60_000)
  let pairs: StreamPairs
  let isOver: boolean

  beforeEach(async () => {
    pairs = await StreamPairs.open()
    isOver = false
  })

  afterEach(async () => {
    isOver = true
    await pairs.close()
  })

  async function sendForEver(frames: FrameStream): Promise<void> {
    while (!isOver) {
      frames.send([FRAME])
      // Rejects when the connection ends with the test.
      await frames.flush().catch(() => undefined)
    }
  }

  /** Bytes that came on a stream which always has more to send. */
  async function fill(): Promise<{ bytes: number }> {
    const [near, far] = await pairs.stream(framed, framed)
    const read = { bytes: 0 }
    void sendForEver(near)
    void (async () => {
      for await (const body of far.frames()) read.bytes += body.length
    })().catch(() => undefined)
    return read
  }

  it('has room for each of its streams, for new ones, and for the pings of libp2p', async () => {
    const reads: { bytes: number }[] = []
    while (reads.length < STREAMS) reads.push(await fill())
    for (let requests = 0; requests < 5; requests++) {
      const [asker, answerer] = await pairs.stream(framed, framed)
      asker.send([encodeFrame(Buffer.from('question'))])
      const { value } = await answerer.frames().next()
      answerer.send([
        encodeFrame(Buffer.from(`an answer to the ${Buffer.from(value!).toString()}`))
      ])
      void answerer.close()
      for await (const body of asker.frames()) {
        expect(Buffer.from(body).toString()).to.equal('an answer to the question')
      }
      await asker.close()
    }
    await until(() => reads.every(({ bytes }) => bytes > SHARE_BYTES), 'all had their share')
    await until(() => pairs.connection.rtt !== undefined, 'a ping was answered')
    expect(pairs.connection.status).to.equal('open')
  })
})
