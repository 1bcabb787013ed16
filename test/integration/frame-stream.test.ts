/** Frames over real streams: what is promised to both ends, and what a bad peer can do. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { operatingErrorOf } from '../../src/core/errors.ts'
import { FRAME_BYTES_MAX } from '../../src/core/limits.ts'
import { FrameStream } from '../../src/net/frame-stream.ts'
import { Outlet } from '../../src/net/outlet.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { RawStream } from '../support/raw-peer.ts'
import { framed, StreamPairs } from '../support/stream-pairs.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024

function frame(bytes: number, value = 0): Uint8Array {
  return encodeFrame(new Uint8Array(bytes).fill(value))
}

function lengthOf(bytes: number): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes)
  return length
}

/** All frames as text, or the code of the error that ended them. */
async function textsOf(frames: FrameStream): Promise<string[]> {
  const texts: string[] = []
  try {
    for await (const body of frames.frames()) texts.push(Buffer.from(body).toString())
  } catch (error) {
    texts.push(operatingErrorOf(error)?.code ?? String(error))
  }
  return texts
}

describe('frame stream', function () {
  this.timeout(30_000)
  let pairs: StreamPairs

  const raw = (stream: ConstructorParameters<typeof RawStream>[0]): RawStream =>
    new RawStream(stream)

  beforeEach(async () => (pairs = await StreamPairs.open()))
  afterEach(async () => {
    await pairs.close()
  })

  it('carries whatever is sent, whenever it is sent, in order', async () => {
    const [near, far] = await pairs.stream(framed, framed)
    const texts = textsOf(far)
    near.send([encodeFrame(Buffer.from('one')), encodeFrame(new Uint8Array(0))])
    near.send([encodeFrame(Buffer.from('two'))])
    await near.flush()
    near.send([encodeFrame(Buffer.from('three'))])
    await nextTurn()
    near.send([encodeFrame(Buffer.from('four'))])
    await near.close()
    expect(await texts).to.deep.equal(['one', '', 'two', 'three', 'four'])
  })

  it('carries frames of every size up to the longest', async () => {
    const [near, far] = await pairs.stream(framed, framed)
    const sizes = [1, 65_536, 262_144, FRAME_BYTES_MAX, 3, FRAME_BYTES_MAX]
    near.send(sizes.map((size) => frame(size, size % 251)))
    void near.close()
    const read: number[] = []
    for await (const body of far.frames()) {
      expect(body.every((byte) => byte === body.length % 251)).to.equal(true)
      read.push(body.length)
    }
    expect(read).to.deep.equal(sizes)
  })

  it('drops what is sent after its end, and harms nobody', async () => {
    const [near, far] = await pairs.stream(framed, framed)
    const texts = textsOf(far)
    near.send([encodeFrame(Buffer.from('one'))])
    const closed = near.close()
    near.send([encodeFrame(Buffer.from('two'))])
    await closed
    near.send([encodeFrame(Buffer.from('three'))])
    expect(await texts).to.deep.equal(['one', 'two'])
    near.abort(new Error('enough'))
    near.send([encodeFrame(Buffer.from('four'))])
    expect(await near.flush().catch(String)).to.include('enough')
  })

  it('may be closed by its reader while much is still to be sent', async () => {
    const [near, far] = await pairs.stream(framed, raw)
    near.send(Array.from({ length: 64 }, () => frame(65_536)))
    await far.close()
    for await (const body of near.frames()) expect.fail(`a frame of ${body.length} bytes`)
    const closed = near.close()
    near.send([frame(10)])
    await closed
    near.send([frame(10)])
    expect(await far.ended).to.equal('closed')
  })

  it('may be closed again before its peer has closed, who hears all of it', async () => {
    const [near, far] = await pairs.stream(framed, framed)
    const [nearTexts, farTexts] = [textsOf(near), textsOf(far)]
    near.send([encodeFrame(Buffer.from('bye'))])
    await near.close()
    await near.close()
    expect(await near.flush().catch(String)).to.include('closed from here')
    expect(await farTexts).to.deep.equal(['bye'])
    far.send([encodeFrame(Buffer.from('well'))])
    await far.close()
    expect(await nearTexts).to.deep.equal(['well'])
  })

  it('hears an end that came before anyone listened', async () => {
    for (const said of [['all'], []]) {
      const [near, far] = await pairs.stream(raw, (stream) => stream)
      near.send(...said.map((text) => encodeFrame(Buffer.from(text))))
      await near.close()
      await until(() => far.remoteWriteStatus === 'closed', 'the end has arrived')
      expect(await textsOf(new FrameStream(far, new Outlet()))).to.deep.equal(said)
    }
  })

  it('reads what libp2p puts back after the end', async () => {
    const [near, far] = await pairs.stream(raw, (stream) => stream)
    await near.close()
    await until(() => far.readableEnded, 'the end has arrived')
    // As it does with what came right behind the name of the protocol.
    far.push(encodeFrame(Buffer.from('left over')))
    expect(await textsOf(new FrameStream(far, new Outlet()))).to.deep.equal(['left over'])
  })

  it('fails at once on a stream that is over', async () => {
    const [near, far] = await pairs.stream((stream) => stream, raw)
    far.reset()
    await until(() => near.status === 'reset', 'the stream is reset')
    expect(await textsOf(new FrameStream(near, new Outlet()))).to.deep.equal([
      'Error: the stream is reset'
    ])
  })

  it('tells a peer that closes inside a frame from one that is gone', async () => {
    const [far, near] = await pairs.stream(raw, framed)
    far.send(encodeFrame(Buffer.from('whole')), frame(100).subarray(0, 50))
    await far.close()
    expect(await textsOf(near)).to.deep.equal(['whole', 'BAD_MESSAGE'])

    const [lost, left] = await pairs.stream(raw, framed)
    const texts = textsOf(left)
    lost.send(frame(100).subarray(0, 50))
    await pairs.dialer.stop()
    expect(await texts).to.deep.equal(['UNREACHABLE'])
  })

  it('passes a reset on', async () => {
    const [far, near] = await pairs.stream(raw, framed)
    const texts = textsOf(near)
    far.reset()
    expect((await texts).join()).to.include('reset')
    expect(near.isWritable).to.equal(false)
  })

  it('refuses a frame by its length, before it reads or keeps any of it', async () => {
    for (const length of [FRAME_BYTES_MAX + 1, 2 ** 31, 2 ** 32 - 1]) {
      const [far, near] = await pairs.stream(raw, framed)
      far.send(lengthOf(length))
      expect(await textsOf(near)).to.deep.equal(['BAD_MESSAGE'])
      near.abort(new Error('as whoever reads does'))
      expect(await far.ended).to.equal('reset')
    }
  })

  it('allocates nothing for a frame that is only announced', async () => {
    const before = process.memoryUsage().arrayBuffers
    const streams: FrameStream[] = []
    for (let count = 0; count < 20; count++) {
      const [far, near] = await pairs.stream(raw, framed)
      far.send(lengthOf(FRAME_BYTES_MAX), new Uint8Array(1))
      void textsOf(near)
      streams.push(near)
    }
    const [near, far] = await pairs.stream(framed, framed)
    near.send([encodeFrame(Buffer.from('all before has arrived'))])
    await far.frames().next()
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(4 * MIB)
    for (const stream of streams) stream.abort(new Error('enough'))
  })

  it('holds back who sends faster than it reads', async () => {
    const [far, near] = await pairs.stream((stream) => stream, framed)
    const total = 32 * MIB
    let sent = 0
    far.addEventListener('drain', () => queueMicrotask(send))
    function send(): void {
      while (sent < total && far.writeBufferLength === 0 && far.status === 'open') {
        far.send(frame(65_536, sent / 65_536))
        sent += 65_536
      }
    }
    send()
    const frames = near.frames()
    await frames.next()
    // By the end of these, everything that may be sent without being read is here.
    for (let round = 0; round < 200; round++) await pairs.roundTrip()
    expect(sent).to.be.below(8 * MIB)
    let read = 1
    for await (const body of frames) {
      expect(body[0]).to.equal(read % 256)
      if (++read === total / 65_536) break
    }
    expect(sent).to.equal(total)
  })

  it('gives a peer up that does not read what it asked for', async () => {
    const [near, far] = await pairs.stream(
      (...end) => framed(...end, { unsentBytesMax: 4 * MIB }),
      (stream) => stream
    )
    far.pause()
    let count = 0
    while (near.isWritable && count < 1_000) {
      near.send([frame(65_536)])
      count++
      await nextTurn()
    }
    // The bound, and what fits into windows and sockets.
    expect(count).to.be.within(64, 200)
    const problem = await near.flush().catch((error: unknown) => operatingErrorOf(error)?.code)
    expect(problem).to.equal('UNREACHABLE')
  })

  it('gives a peer up that does not let it close', async () => {
    const [near, far] = await pairs.stream(
      (...end) => framed(...end, { closeTimeoutMs: 100 }),
      (stream) => stream
    )
    far.pause()
    near.send(Array.from({ length: 64 }, () => frame(65_536)))
    await near.close()
    expect(near.isWritable).to.equal(false)
    await until(() => far.status === 'reset', 'the other side is reset')
  })
})
