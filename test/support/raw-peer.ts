/**
 * A libp2p node that is nobody's p2pjobs: it speaks any bytes on any protocol, whenever a test
 * says so. It passes the handshake because it is given a network's secret, and no further.
 */
import { randomBytes } from 'node:crypto'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { NodeId } from '../../src/core/types.ts'
import { HELLO_PROTOCOL } from '../../src/net/admission.ts'
import { createNetworkNode, privateKeyOf } from '../../src/net/libp2p.ts'
import { noisePrologue } from '../../src/trust/credentials.ts'
import type { Credentials } from '../../src/trust/credentials.ts'
import { encodeFrame, FrameParser } from '../../src/wire/frame.ts'
import { decodeHelloAnswer, encodeHello, encodeWelcome, signedBytes } from '../../src/wire/hello.ts'
import type { Hello, HelloAnswer } from '../../src/wire/hello.ts'

export interface RawPeerInit {
  readonly credentials: Credentials
  readonly seed?: Uint8Array
  readonly isListening?: boolean
  readonly listen?: string
}

/** A good hello of a worker. */
export function aHello(change: Partial<Hello> = {}): Hello {
  const hello = {
    oldest: 1,
    newest: 1,
    program: 'raw 1.2.3',
    boot: 'raw-boot',
    name: 'raw',
    isWorker: true,
    epoch: undefined,
    clock: Date.now(),
    certificate: undefined,
    addresses: []
  }
  return { ...hello, ...change }
}

export class RawPeer {
  readonly libp2p: Libp2p
  /** Where it listens, also after its end; empty if it does not. */
  readonly address: string
  readonly #privateKey: PrivateKey

  static async open(init: RawPeerInit): Promise<RawPeer> {
    const { credentials, seed, isListening = false } = init
    const privateKey = await privateKeyOf(seed ?? randomBytes(32))
    const prologue = noisePrologue(credentials)
    const listen = isListening ? [init.listen ?? '/ip4/127.0.0.1/tcp/0'] : []
    const libp2p = await createNetworkNode({ privateKey, prologue, listen })
    await libp2p.start()
    return new RawPeer(libp2p, privateKey)
  }

  private constructor(libp2p: Libp2p, privateKey: PrivateKey) {
    this.libp2p = libp2p
    this.address = libp2p.getMultiaddrs()[0]?.toString() ?? ''
    this.#privateKey = privateKey
  }

  get id(): NodeId {
    return this.libp2p.peerId.toString() as NodeId
  }

  async dial(address: string): Promise<Connection> {
    return await this.libp2p.dial(multiaddr(address), { force: true })
  }

  /** Opens a stream, without waiting for anything else. */
  async open(connection: Connection, protocol: string): Promise<RawStream> {
    return new RawStream(await connection.newStream(protocol))
  }

  /** A hello's frame, signed for its receiver unless told otherwise. */
  async helloFrame(receiver: string, change: Partial<Hello> = {}): Promise<Uint8Array> {
    const body = encodeHello(aHello(change))
    return encodeFrame(encodeWelcome(body, await this.sign(body, receiver)))
  }

  /** This peer's signature of a hello for a receiver. */
  async sign(body: Uint8Array, receiver: string): Promise<Uint8Array> {
    return await this.#privateKey.sign(signedBytes(body, receiver))
  }

  /** Sends bytes as a hello, and reads the answer; undefined when the stream ended without one. */
  async sayHello(connection: Connection, frame: Uint8Array): Promise<HelloAnswer | undefined> {
    const stream = await this.open(connection, HELLO_PROTOCOL)
    // It may have been reset before we come to it.
    if (stream.stream.status !== 'open') return undefined
    stream.send(frame)
    await stream.close()
    const answer = await stream.frame()
    return answer === undefined ? undefined : decodeHelloAnswer(answer)
  }

  /** Connects and is admitted. */
  async join(address: string, change: Partial<Hello> = {}): Promise<Connection> {
    const connection = await this.dial(address)
    const frame = await this.helloFrame(connection.remotePeer.toString(), change)
    const answer = await this.sayHello(connection, frame)
    if (answer?.type === 'welcome') return connection
    throw new Error(`not admitted: ${answer?.reason ?? 'no answer'}`)
  }

  /** Serves a protocol; each stream is handed over as it comes. */
  async serve(protocol: string, onStream: (stream: RawStream, from: Connection) => void) {
    await this.libp2p.handle(protocol, (stream, connection) => {
      onStream(new RawStream(stream), connection)
    })
  }

  /** Answers every hello with a good one, changed as told. */
  async welcome(change: Partial<Hello> = {}): Promise<void> {
    await this.serve(HELLO_PROTOCOL, (stream, connection) => {
      void this.helloFrame(connection.remotePeer.toString(), change).then((frame) => {
        stream.send(frame)
        return stream.close()
      })
    })
  }

  async stop(): Promise<void> {
    await this.libp2p.stop()
  }
}

/** How a stream ended, seen from this side. */
export type StreamEnd = 'closed' | 'reset'

export class RawStream {
  readonly stream: Stream
  /** Resolves when the stream is over; never rejects. */
  readonly ended: Promise<StreamEnd>
  readonly #parser = new FrameParser(2 ** 31)
  readonly #frames: Uint8Array[] = []
  #hasEnded = false
  #wake: (() => void) | undefined

  constructor(stream: Stream) {
    this.stream = stream
    this.ended = new Promise((resolve) => {
      const end = (how: StreamEnd): void => {
        this.#hasEnded = true
        this.#wake?.()
        resolve(how)
      }
      if (stream.status !== 'open') end('reset')
      stream.addEventListener('end', () => {
        // A reset ends it too, and says so in the same turn.
        queueMicrotask(() => end(stream.status === 'reset' ? 'reset' : 'closed'))
      })
      stream.addEventListener('close', ({ error }) => end(error === undefined ? 'closed' : 'reset'))
    })
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        this.#frames.push(...this.#parser.push(chunk.slice()))
      }
      this.#wake?.()
    })
  }

  /** Sends bytes as they are; false when the connection is full. */
  send(...chunks: Uint8Array[]): boolean {
    return chunks.map((chunk) => this.stream.send(chunk)).every(Boolean)
  }

  async close(): Promise<void> {
    await this.stream.close()
  }

  reset(): void {
    this.stream.abort(new Error('reset by the test'))
  }

  /** The body of the next frame; undefined when the stream ended before it. */
  async frame(): Promise<Uint8Array | undefined> {
    while (this.#frames.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#frames.shift()
  }
}
