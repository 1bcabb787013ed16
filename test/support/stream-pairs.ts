/** Two ends of a stream over a real connection on loopback. */
import type { Connection, Stream } from '@libp2p/interface'
import { createCredentials } from '../../src/trust/credentials.ts'
import { FrameStream } from '../../src/net/frame-stream.ts'
import type { FrameStreamLimits } from '../../src/net/frame-stream.ts'
import { outletOf } from '../../src/net/outlet.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { RawPeer, RawStream } from './raw-peer.ts'

const PROTOCOL = '/test/1.0.0'

export class StreamPairs {
  readonly dialer: RawPeer
  readonly listener: RawPeer
  readonly connection: Connection
  #echo: RawStream | undefined
  #onStream: ((stream: Stream, connection: Connection) => void) | undefined

  /** `through` leads the way to the listener's port; by default there is nothing between. */
  static async open(through = (port: number): Promise<number> => Promise.resolve(port)) {
    const credentials = createCredentials()
    const listener = await RawPeer.open({ credentials, isListening: true })
    const dialer = await RawPeer.open({ credentials })
    const port = await through(Number(/\/tcp\/(\d+)/.exec(listener.address)?.[1]))
    const connection = await dialer.dial(`/ip4/127.0.0.1/tcp/${port}/p2p/${listener.id}`)
    const pairs = new StreamPairs(dialer, listener, connection)
    await listener.libp2p.handle(PROTOCOL, (stream, from) => pairs.#onStream?.(stream, from))
    return pairs
  }

  private constructor(dialer: RawPeer, listener: RawPeer, connection: Connection) {
    this.dialer = dialer
    this.listener = listener
    this.connection = connection
  }

  /**
   * A new stream: what was made of the dialer's end, and of the listener's, each in the turn in
   * which it was opened.
   */
  async stream<Near, Far>(
    near: (stream: Stream, connection: Connection) => Near,
    far: (stream: Stream, connection: Connection) => Far
  ): Promise<[Near, Far]> {
    const arrived = Promise.withResolvers<Far>()
    this.#onStream = (stream, connection) => arrived.resolve(far(stream, connection))
    const stream = await this.connection.newStream(PROTOCOL)
    return [near(stream, this.connection), await arrived.promise]
  }

  /** There and back on a stream of its own: what was sent before has arrived then. */
  async roundTrip(): Promise<void> {
    const echo = (this.#echo ??= await this.#openEcho())
    echo.send(encodeFrame(new Uint8Array(1)))
    await echo.frame()
  }

  async #openEcho(): Promise<RawStream> {
    const [near] = await this.stream(
      (stream) => new RawStream(stream),
      (stream) => {
        stream.addEventListener('message', ({ data }) => stream.send(data.subarray()))
      }
    )
    return near
  }

  async close(): Promise<void> {
    await Promise.all([this.dialer.stop(), this.listener.stop()])
  }
}

/** To make a frame stream of an end. */
export function framed(stream: Stream, connection: Connection, limits?: FrameStreamLimits) {
  return new FrameStream(stream, outletOf(connection), limits)
}
