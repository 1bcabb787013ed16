/** One stream for one blob after the other: when it is used again, and when not. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { P2pJobsError } from '../../src/core/errors.ts'
import { BlobClient } from '../../src/net/blob-client.ts'
import type { OpenBlob } from '../../src/net/blob-server.ts'
import {
  BLOB_PROTOCOL,
  BLOB_REQUEST_BYTES_MAX,
  encodeBlobAnswer,
  encodeBlobRequest
} from '../../src/wire/blob.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { BlobStage, chunksOf, HERE_IT_COMES, refOf, source } from '../support/blob-stage.ts'
import { RawStream } from '../support/raw-peer.ts'

describe('a stream for blobs', function () {
  this.timeout(30_000)
  const blobs = [300_000, 0, 1, 70_000].map((bytes) => randomBytes(bytes))
  const byId = new Map(blobs.map((bytes) => [refOf(bytes).blob, bytes]))
  const open: OpenBlob = ({ blob, offset }) => {
    const bytes = byId.get(blob)
    if (bytes === undefined) throw new P2pJobsError('BLOB_NOT_FOUND', 'it is not here')
    return source(chunksOf(bytes.subarray(offset)))
  }
  let stage: BlobStage
  let client: BlobClient

  beforeEach(async () => {
    stage = await BlobStage.open()
    client = new BlobClient(stage.pairs.connection)
  })

  afterEach(async () => {
    await stage.close()
  })

  async function fetchAll(): Promise<void> {
    for (const bytes of blobs) {
      const fetched = await stage.fetch(refOf(bytes), { client })
      expect(fetched).to.deep.equal({ bytes, problem: '' })
    }
  }

  it('is used for one blob after the other', async () => {
    await stage.serve(open)
    await fetchAll()
    await fetchAll()
    expect(stage.served).to.have.length(1)
  })

  it('of a refusal is not used again', async () => {
    await stage.serve(open)
    await fetchAll()
    const other = refOf(randomBytes(10))
    const refused = await stage.fetch(other, { client })
    expect(refused.problem).to.equal('BLOB_NOT_FOUND')
    await fetchAll()
    expect(stage.served).to.have.length(2)
  })

  it('that its peer has closed meanwhile is not used again', async () => {
    const bytes = blobs[3]!
    const streams: RawStream[] = []
    await stage.serveRaw((stream) => {
      streams.push(stream)
      stream.send(HERE_IT_COMES, ...chunksOf(bytes).map(encodeFrame))
    })
    await stage.fetch(refOf(bytes), { client })
    await streams[0]!.close()
    await stage.pairs.roundTrip()
    const again = await stage.fetch(refOf(bytes), { client })
    expect(again).to.deep.equal({ bytes, problem: '' })
    expect(streams).to.have.length(2)
  })

  it('may rest for longer than a transfer may', async () => {
    await stage.serve(open, 300)
    await fetchAll()
    const silent = new RawStream(await stage.pairs.connection.newStream(BLOB_PROTOCOL))
    expect(await silent.ended).to.equal('reset')
    await fetchAll()
    expect(stage.served).to.have.length(2)
  })

  it('is not used for who has given up already', async () => {
    await stage.serve(open)
    await fetchAll()
    const signal = AbortSignal.abort(new P2pJobsError('STOPPED', 'enough'))
    const { bytes, problem } = await stage.fetch(refOf(blobs[0]!), { client, signal })
    expect({ bytes: bytes.length, problem }).to.deep.equal({ bytes: 0, problem: 'STOPPED' })
  })

  it('that is reset between two blobs is no problem', async () => {
    await stage.serve(open)
    const stream = new RawStream(await stage.pairs.connection.newStream(BLOB_PROTOCOL))
    stream.send(encodeFrame(encodeBlobRequest({ ...refOf(blobs[2]!), offset: 0 })))
    expect(await stream.frame()).to.deep.equal(encodeBlobAnswer(undefined))
    expect(await stream.frame()).to.have.length(1)
    // The server has flushed and waits for the next request once it has heard this.
    await stage.pairs.roundTrip()
    stream.reset()
    expect(await stage.served[0]).to.equal('served')
  })

  it('on which something else than the next request comes is reset, and that is told', async () => {
    await stage.serve(open)
    const stream = new RawStream(await stage.pairs.connection.newStream(BLOB_PROTOCOL))
    stream.send(encodeFrame(encodeBlobRequest({ ...refOf(blobs[2]!), offset: 0 })))
    await stream.frame()
    await stream.frame()
    stream.send(encodeFrame(new Uint8Array(BLOB_REQUEST_BYTES_MAX + 1)))
    expect(await stream.ended).to.equal('reset')
    expect(await stage.served[0]).to.equal('BAD_MESSAGE')
  })

  it('that is not needed any more is closed', async () => {
    await stage.serve(open)
    client = new BlobClient(stage.pairs.connection, { idleMs: 0 })
    await fetchAll()
    const ends = await Promise.all(stage.served)
    expect(new Set(ends)).to.deep.equal(new Set(['served']))
  })
})
