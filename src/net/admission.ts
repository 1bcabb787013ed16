/**
 * The second gate: before a connection is used for anything, both ends say hello.
 *
 * Who dialed asks, the other answers, within three seconds. What a hello has to contain is
 * decided by whoever made this; here it is signed, carried and timed. Noise has proved already who
 * the peer is and that it knows the network's secret.
 */
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { NodeId } from '../core/types.ts'
import { badMessage } from '../wire/codec.ts'
import { encodeFrame, FrameParser } from '../wire/frame.ts'
import {
  decodeHelloAnswer,
  encodeHello,
  encodeRefusal,
  encodeWelcome,
  HELLO_BYTES_MAX,
  signedBytes
} from '../wire/hello.ts'
import type { Hello, SignedHello } from '../wire/hello.ts'

export const HELLO_PROTOCOL = '/p2pjobs/hello/1.0.0'
const HELLO_TIMEOUT_MS = 3_000

export interface AdmissionInit {
  readonly privateKey: PrivateKey
  /** What we say to every peer. */
  hello(): Hello
  /** Why a peer that says this is not admitted; undefined when it is. */
  check(peer: NodeId, hello: Hello): string | undefined
  onAdmitted(peer: NodeId, hello: Hello, connection: Connection): void
  /** A peer was refused, or refused us. */
  onRefused(peer: NodeId, reason: string): void
}

/** Decides connection by connection who is in. */
export class Admission {
  readonly #init: AdmissionInit
  readonly #self: NodeId
  readonly #decisions = new Map<string, PromiseWithResolvers<boolean>>()

  constructor(libp2p: Libp2p, init: AdmissionInit) {
    this.#init = init
    this.#self = libp2p.peerId.toString() as NodeId
    libp2p.addEventListener('connection:open', ({ detail }) => void this.#onOpen(detail))
    libp2p.addEventListener('connection:close', ({ detail }) => this.#onClose(detail))
  }

  /** Begins to answer hellos. */
  async serve(libp2p: Libp2p): Promise<void> {
    await libp2p.handle(HELLO_PROTOCOL, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: 2
    })
  }

  /** Resolves when the connection's hello is over: true when the peer is in. */
  async isAdmitted(connection: Connection): Promise<boolean> {
    return await this.#decision(connection).promise
  }

  async #onOpen(connection: Connection): Promise<void> {
    const decision = this.#decision(connection)
    const timer = setTimeout(() => {
      this.#refuse(connection, 'it said no hello in time')
    }, HELLO_TIMEOUT_MS)
    try {
      if (connection.direction === 'outbound') await this.#ask(connection)
      await decision.promise
    } catch (error) {
      this.#refuse(connection, toError(error).message)
    } finally {
      clearTimeout(timer)
    }
  }

  #onClose(connection: Connection): void {
    this.#decisions.get(connection.id)?.resolve(false)
    this.#decisions.delete(connection.id)
  }

  async #ask(connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(HELLO_TIMEOUT_MS)
    const stream = await connection.newStream(HELLO_PROTOCOL, { signal })
    const question = await this.#welcome(connection)
    const answer = decodeHelloAnswer(await exchange(stream, () => Promise.resolve(question)))
    if (answer.type === 'refusal') {
      throw new P2pJobsError('REFUSED', `it refused us: ${answer.reason}`)
    }
    this.#admit(connection, answer.signed.hello, await this.#problemOf(connection, answer.signed))
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    try {
      await exchange(stream, async (question) => {
        const asked = decodeHelloAnswer(question)
        if (asked.type === 'refusal') throw badMessage('a refusal where a hello belongs')
        const problem = await this.#problemOf(connection, asked.signed)
        // Before the answer is out: who reads it may open its first stream at once.
        this.#admit(connection, asked.signed.hello, problem, false)
        return problem === undefined ? await this.#welcome(connection) : encodeRefusal(problem)
      })
    } catch (error) {
      this.#refuse(connection, toError(error).message)
      return
    }
    if (!(await this.isAdmitted(connection))) this.#hangUp(connection)
  }

  async #welcome(connection: Connection): Promise<Uint8Array> {
    const peer = peerOf(connection)
    const body = encodeHello(this.#init.hello())
    const signature = await this.#init.privateKey.sign(signedBytes(body, peer))
    return encodeWelcome(body, signature)
  }

  async #problemOf(connection: Connection, signed: SignedHello): Promise<string | undefined> {
    const publicKey = connection.remotePeer.publicKey
    const bytes = signedBytes(signed.body, this.#self)
    const isSigned = (await publicKey?.verify(bytes, signed.signature)) ?? false
    if (!isSigned) return 'its hello is not signed by its own key'
    return this.#init.check(peerOf(connection), signed.hello)
  }

  #admit(
    connection: Connection,
    hello: Hello,
    problem: string | undefined,
    mayHangUp = true
  ): void {
    if (problem === undefined) {
      this.#init.onAdmitted(peerOf(connection), hello, connection)
      this.#decision(connection).resolve(true)
      return
    }
    this.#init.onRefused(peerOf(connection), problem)
    this.#decision(connection).resolve(false)
    if (mayHangUp) this.#hangUp(connection)
  }

  #refuse(connection: Connection, reason: string): void {
    if (connection.status !== 'open') {
      this.#decision(connection).resolve(false)
      return
    }
    this.#init.onRefused(peerOf(connection), reason)
    this.#decision(connection).resolve(false)
    this.#hangUp(connection)
  }

  #hangUp(connection: Connection): void {
    connection.close({ signal: AbortSignal.timeout(HELLO_TIMEOUT_MS) }).catch((error: unknown) => {
      connection.abort(toError(error))
    })
  }

  #decision(connection: Connection): PromiseWithResolvers<boolean> {
    let decision = this.#decisions.get(connection.id)
    if (decision === undefined) {
      decision = Promise.withResolvers<boolean>()
      if (connection.status !== 'open') decision.resolve(false)
      else this.#decisions.set(connection.id, decision)
    }
    return decision
  }
}

function peerOf(connection: Connection): NodeId {
  return connection.remotePeer.toString() as NodeId
}

/**
 * One frame each way. Who asks sends at once and returns the answer; who answers makes its frame
 * of the question. Both sides close.
 */
async function exchange(
  stream: Stream,
  frameFor: (question: Uint8Array) => Promise<Uint8Array>
): Promise<Uint8Array> {
  const isAsking = stream.direction === 'outbound'
  const question = Promise.withResolvers<Uint8Array>()
  const timer = setTimeout(() => {
    stream.abort(new P2pJobsError('UNREACHABLE', 'no hello in time'))
  }, HELLO_TIMEOUT_MS)
  if (isAsking) question.resolve(new Uint8Array(0))
  try {
    return await pipe(
      async function* () {
        yield encodeFrame(await frameFor(await question.promise))
      },
      messageStreamToDuplex(stream),
      async (source) => {
        const frame = await firstFrame(source)
        question.resolve(frame)
        return frame
      }
    )
  } catch (error) {
    // A pipe that fails leaves its stream open: the other side would wait in vain.
    stream.abort(toError(error))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function firstFrame(
  source: AsyncIterable<Uint8Array | Iterable<Uint8Array>>
): Promise<Uint8Array> {
  const parser = new FrameParser(HELLO_BYTES_MAX)
  for await (const data of source) {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      for (const frame of parser.push(chunk)) return frame
    }
  }
  throw badMessage('no hello')
}
