import { mock } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { expect } from 'chai'
import type { FrameStream } from '../../../src/net/frame-stream.ts'
import { streamLink } from '../../../src/node/link.ts'
import { masterEnd } from '../../../src/wire/session.ts'

/** What a link does to its stream. The peer closes its side when the test says so. */
class FakeStream {
  readonly did: string[] = []
  readonly #peerCloses = Promise.withResolvers<undefined>()

  asStream(): FrameStream {
    return this as unknown as FrameStream
  }

  peerCloses(): void {
    this.#peerCloses.resolve(undefined)
  }

  send(frames: readonly Uint8Array[]): void {
    this.did.push(`send ${frames.length}`)
  }

  close(): Promise<void> {
    this.did.push('close')
    return Promise.resolve()
  }

  abort(error: Error): void {
    this.did.push('abort')
    this.#peerCloses.reject(error)
  }

  async forEachFrame(): Promise<void> {
    await this.#peerCloses.promise
  }
}

const LONGER_THAN_ANY_WAIT_MS = 60_000

describe('streamLink', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('closes after what was sent', () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    link.send({ type: 'renewed', more: false })
    link.close()
    expect(stream.did.slice(0, 2)).to.deep.equal(['send 1', 'close'])
  })

  it('sends what can wait with the next message that cannot', async () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    link.send({ type: 'accepted', attempts: [] }, 2)
    await turnOfTheLoop()
    expect(stream.did).to.deep.equal([])
    link.send({ type: 'renewed', more: false })
    await turnOfTheLoop()
    expect(stream.did).to.deep.equal(['send 1'])
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(stream.did).to.deep.equal(['send 1'])
  })

  it('sends what can wait a moment later when nothing else comes', () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    link.send({ type: 'accepted', attempts: [] }, 2)
    link.send({ type: 'accepted', attempts: [] }, 2)
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(stream.did).to.deep.equal(['send 1'])
  })

  it('does not let one that can wait for long keep one that cannot', () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    link.send({ type: 'accepted', attempts: [] }, 50)
    link.send({ type: 'accepted', attempts: [] }, 2)
    mock.timers.tick(2)
    expect(stream.did).to.deep.equal(['send 1'])
    link.send({ type: 'accepted', attempts: [] }, 50)
    mock.timers.tick(49)
    expect(stream.did).to.deep.equal(['send 1'])
    mock.timers.tick(1)
    expect(stream.did).to.deep.equal(['send 1', 'send 1'])
  })

  it('ends the session when the peer closes its side, too', async () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    const end = new Promise((resolve) => link.listen(() => undefined, resolve))
    link.close()
    stream.peerCloses()
    expect(await end).to.equal(undefined)
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(stream.did).to.not.include('abort')
  })

  it('ends the session of a peer that never closes its side', async () => {
    const stream = new FakeStream()
    const link = streamLink(stream.asStream(), masterEnd)
    const end = new Promise((resolve) => link.listen(() => undefined, resolve))
    link.close()
    expect(stream.did).to.not.include('abort')
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(stream.did).to.include('abort')
    expect(await end).to.be.an('error')
  })
})
