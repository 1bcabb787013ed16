/** Blobs over real streams: the right bytes, and everything that can go wrong at either end. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { encode } from '@msgpack/msgpack'
import { P2pJobsError } from '../../src/core/errors.ts'
import { CHUNK_BYTES } from '../../src/core/limits.ts'
import type { OpenBlob } from '../../src/net/blob-server.ts'
import {
  BLOB_PROTOCOL,
  BLOB_REQUEST_BYTES_MAX,
  encodeBlobAnswer,
  encodeBlobRequest
} from '../../src/wire/blob.ts'
import type { BlobRequest } from '../../src/wire/blob.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { BlobStage, chunksOf, HERE_IT_COMES, refOf, source } from '../support/blob-stage.ts'
import type { Fetched, FetchInit } from '../support/blob-stage.ts'
import { RawStream } from '../support/raw-peer.ts'
import type { StreamPairs } from '../support/stream-pairs.ts'
import { until } from '../support/until.ts'

/** A request of whatever is in it. */
function requestOf(fields: unknown[]): Uint8Array {
  return encodeFrame(encode(fields))
}

describe('blobs between nodes', function () {
  this.timeout(30_000)
  let stage: BlobStage
  let pairs: StreamPairs
  let served: BlobStage['served']

  beforeEach(async () => {
    stage = await BlobStage.open()
    pairs = stage.pairs
    served = stage.served
  })

  afterEach(async () => {
    await stage.close()
  })

  const serve = (open: OpenBlob, stallMs?: number): Promise<void> => stage.serve(open, stallMs)
  const serveRaw: BlobStage['serveRaw'] = (answer) => stage.serveRaw(answer)
  const fetch = (ref: ReturnType<typeof refOf>, init?: FetchInit): Promise<Fetched> =>
    stage.fetch(ref, init)

  /** Asks for one blob, and says that it will be the only one. */
  async function ask(request: BlobRequest): Promise<RawStream> {
    const stream = new RawStream(await pairs.connection.newStream(BLOB_PROTOCOL))
    stream.send(encodeFrame(encodeBlobRequest(request)))
    await stream.close()
    return stream
  }

  /** All that comes after the answer. */
  async function restOf(stream: RawStream): Promise<Buffer> {
    expect(await stream.frame()).to.deep.equal(encodeBlobAnswer(undefined))
    const bodies: Uint8Array[] = []
    for (let body = await stream.frame(); body !== undefined; body = await stream.frame()) {
      bodies.push(body)
    }
    return Buffer.concat(bodies)
  }

  function from(bytes: Uint8Array, offset = 0): AsyncIterable<Uint8Array> {
    return source(chunksOf(bytes.subarray(offset)))
  }

  describe('when all is well', () => {
    for (const size of [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * 1024 * 1024]) {
      it(`${size} bytes arrive as they are`, async () => {
        const bytes = randomBytes(size)
        await serve(() => from(bytes))
        const fetched = await fetch(refOf(bytes))
        expect(fetched.problem).to.equal('')
        expect(fetched.bytes.equals(bytes)).to.equal(true)
        expect(await Promise.all(served)).to.deep.equal(['served'])
      })
    }

    it('chunks of any size are cut to what a frame may have', async () => {
      const bytes = randomBytes(300_000)
      await serve(() => source([bytes]))
      expect((await fetch(refOf(bytes))).bytes.equals(bytes)).to.equal(true)
    })

    it('the rest is sent to who has the beginning', async () => {
      const bytes = randomBytes(200_000)
      await serve(({ offset }) => from(bytes, offset))
      for (const offset of [0, 1, 150_000, 200_000]) {
        const stream = await ask({ ...refOf(bytes), offset })
        expect((await restOf(stream)).equals(bytes.subarray(offset))).to.equal(true)
      }
    })

    it('many at the same time do not mix', async () => {
      const blobs = Array.from({ length: 8 }, () => randomBytes(400_000))
      const byId = new Map(blobs.map((bytes) => [refOf(bytes).blob, bytes]))
      await serve(({ blob }) => from(byId.get(blob)!))
      const fetched = await Promise.all(blobs.map((bytes) => fetch(refOf(bytes))))
      for (const [at, { bytes }] of fetched.entries()) {
        expect(bytes.equals(blobs[at]!)).to.equal(true)
      }
    })
  })

  describe('for whom asks', () => {
    const bytes = randomBytes(150_000)
    const half = bytes.subarray(0, 75_000)
    const answers: [what: string, code: string, answer: (stream: RawStream) => unknown][] = [
      ['other bytes', 'BLOB_DAMAGED', (s) => sendAll(s, randomBytes(150_000))],
      ['too few bytes', 'BLOB_DAMAGED', (s) => sendAll(s, half).then(() => s.close())],
      ['too many bytes', 'BAD_MESSAGE', (s) => sendAll(s, Buffer.concat([bytes, half]))],
      ['a chunk that is too long', 'BAD_MESSAGE', (s) => s.send(HERE_IT_COMES, encodeFrame(bytes))],
      ['a chunk of nothing', 'BAD_MESSAGE', (s) => s.send(HERE_IT_COMES, Buffer.alloc(4))],
      ['garbage', 'BAD_MESSAGE', (s) => s.send(encodeFrame(Buffer.from('garbage')))],
      ['half a frame', 'BAD_MESSAGE', (s) => (s.send(HERE_IT_COMES.subarray(0, 5)), s.close())],
      ['nothing at all', 'BLOB_DAMAGED', (s) => s.close()],
      ['a reset in the middle', 'StreamResetError', (s) => sendAll(s, half).then(() => s.reset())],
      ['a refusal', 'BLOB_NOT_FOUND', (s) => s.send(encodeFrame(encodeBlobAnswer('not yours')))]
    ]

    async function sendAll(stream: RawStream, all: Uint8Array): Promise<void> {
      stream.send(HERE_IT_COMES, ...chunksOf(all).map(encodeFrame))
      // What is sent right before a reset would be lost with it.
      await pairs.roundTrip()
    }

    for (const [what, code, answer] of answers) {
      it(`${what}: ${code}, and the stream is over`, async () => {
        const streams: RawStream[] = []
        await serveRaw((stream) => {
          streams.push(stream)
          answer(stream)
        })
        expect((await fetch(refOf(bytes))).problem).to.include(code)
        await streams[0]!.ended
      })
    }

    it('an end of the connection in the middle is nobody to blame', async () => {
      await serveRaw((stream) => {
        stream.send(HERE_IT_COMES, ...chunksOf(half).map(encodeFrame))
        void pairs.listener.stop()
      })
      expect((await fetch(refOf(bytes))).problem).to.match(/UNREACHABLE|StreamReset/)
    })

    it('giving up in the middle resets the stream', async () => {
      const stop = new AbortController()
      const ended = Promise.withResolvers<string>()
      await serveRaw((stream) => {
        stream.send(HERE_IT_COMES, ...chunksOf(half).map(encodeFrame))
        void stream.ended.then(ended.resolve)
        void pairs.roundTrip().then(() => stop.abort(new P2pJobsError('STOPPED', 'enough')))
      })
      expect((await fetch(refOf(bytes), { signal: stop.signal })).problem).to.equal('STOPPED')
      expect(await ended.promise).to.equal('reset')
    })

    it('a transfer that does not move is given up', async () => {
      await serveRaw((stream) => stream.send(HERE_IT_COMES, ...chunksOf(half).map(encodeFrame)))
      const { problem, bytes: got } = await fetch(refOf(bytes), { client: stage.client(300) })
      expect(problem).to.equal('UNREACHABLE')
      expect(got.equals(half)).to.equal(true)
    })

    it('a peer that serves no blobs', async () => {
      expect((await fetch(refOf(bytes))).problem).to.include('UnsupportedProtocol')
    })
  })

  describe('for who is asked', () => {
    const bytes = randomBytes(150_000)

    it('a blob that may not be read: the reason, and a clean end', async () => {
      await serve(() => {
        throw new P2pJobsError('BLOB_NOT_FOUND', 'it is not yours')
      })
      const stream = await ask({ ...refOf(bytes), offset: 0 })
      expect(await stream.frame()).to.deep.equal(encodeBlobAnswer('it is not yours'))
      expect(await stream.frame()).to.equal(undefined)
      expect(await Promise.all(served)).to.deep.equal(['served'])
    })

    it('a source that fails in the middle: a reset, and no words among the bytes', async () => {
      await serve(() =>
        source(
          (function* () {
            yield bytes.subarray(0, 10)
            throw new Error('the disk is broken')
          })()
        )
      )
      const stream = await ask({ ...refOf(bytes), offset: 0 })
      expect((await restOf(stream)).length).to.be.oneOf([0, 10])
      expect(await stream.ended).to.equal('reset')
      expect(await served[0]).to.include('the disk is broken')
    })

    const requests: [what: string, request: Uint8Array][] = [
      ['garbage', encodeFrame(randomBytes(50).fill(0xc1, 0, 1))],
      ['a frame that is too long', encodeFrame(new Uint8Array(BLOB_REQUEST_BYTES_MAX + 1))],
      ['a hash that is too short', requestOf([[new Uint8Array(31), 10], 0])],
      ['more bytes than a blob has', requestOf([[new Uint8Array(32), 2 ** 40], 0])],
      ['an offset beyond the end', requestOf([[new Uint8Array(32), 10], 11])],
      ['an offset before the beginning', requestOf([[new Uint8Array(32), 10], -1])]
    ]

    for (const [what, request] of requests) {
      it(`${what}: BAD_MESSAGE, and the stream is reset`, async () => {
        await serve(() => from(bytes))
        const stream = new RawStream(await pairs.connection.newStream(BLOB_PROTOCOL))
        stream.send(request)
        expect(await stream.ended).to.equal('reset')
        expect(await served[0]).to.equal('BAD_MESSAGE')
      })
    }

    it('no request: BAD_MESSAGE when the stream is closed, given up when it is not', async () => {
      await serve(() => from(bytes), 300)
      const closed = new RawStream(await pairs.connection.newStream(BLOB_PROTOCOL))
      await closed.close()
      const silent = new RawStream(await pairs.connection.newStream(BLOB_PROTOCOL))
      expect(await silent.ended).to.equal('reset')
      expect(await Promise.all(served)).to.deep.equal(['BAD_MESSAGE', 'UNREACHABLE'])
    })

    it('an asker that is slow: no more is read than it takes, and all is let go in the end', async () => {
      let pulled = 0
      let isReleased = false
      await serve(
        () =>
          source(
            (function* () {
              try {
                for (let count = 0; count < 1_000; count++) {
                  pulled++
                  yield new Uint8Array(CHUNK_BYTES)
                }
              } finally {
                isReleased = true
              }
            })()
          ),
        500
      )
      const stream = await pairs.connection.newStream(BLOB_PROTOCOL)
      stream.pause()
      stream.send(encodeFrame(encodeBlobRequest({ ...refOf(bytes), offset: 0 })))
      await until(() => isReleased, 'the source is let go')
      // What a window holds, and what is on its way.
      expect(pulled).to.be.below(40)
      expect(await served[0]).to.equal('UNREACHABLE')
    })

    it('an asker that is gone: the source is let go at once', async () => {
      const released = Promise.withResolvers<undefined>()
      await serve(() =>
        source(
          (function* () {
            try {
              while (true) yield new Uint8Array(CHUNK_BYTES)
            } finally {
              released.resolve(undefined)
            }
          })()
        )
      )
      const stream = await ask({ ...refOf(bytes), offset: 0 })
      await stream.frame()
      stream.reset()
      await released.promise
      expect(await served[0]).to.include('StreamReset')
    })
  })
})
