/**
 * The second gate: before a connection is used for anything, both ends say hello.
 *
 * Who dialed asks, the other answers, within three seconds and once per connection. What a hello
 * has to contain is decided by whoever made this; here it is signed, carried and timed. Noise has
 * proved already who the peer is and that it knows the network's secret.
 */
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import type { NodeId } from '../core/types.ts'
import { badMessage } from '../wire/bad-message.ts'
import {
  decodeHelloAnswer,
  encodeHello,
  encodeRefusal,
  encodeWelcome,
  HELLO_BYTES_MAX,
  signedBytes
} from '../wire/hello.ts'
import type { Hello, SignedHello } from '../wire/hello.ts'
import { answerFrame, askFrame } from './exchange.ts'

export const HELLO_PROTOCOL = '/p2pjobs/hello/1.0.0'
const HELLO_TIMEOUT_MS = 3_000
const HELLO = { what: 'hello', bytesMax: HELLO_BYTES_MAX, timeoutMs: HELLO_TIMEOUT_MS }

export interface AdmissionInit {
  readonly privateKey: PrivateKey
  /** What we say to every peer. */
  hello(): Hello
  /** Why a peer that says this is not admitted; undefined when it is. */
  check(peer: NodeId, hello: Hello): string | undefined
  onAdmitted(peer: NodeId, hello: Hello, connection: Connection): void
  /** A peer was refused, or refused us. */
  onRefused(peer: NodeId, reason: string): void
  /** A peer sent a hello where none belongs. */
  onMalformed(peer: NodeId, error: Error): void
}

/** What became of a connection's hello: admitted, or why not. */
export type Verdict = 'admitted' | { readonly problem: string }

/** The hello of one connection. */
class Case {
  /** The one hello of the connection has come, or is ours to say. */
  isTaken: boolean
  readonly #over = Promise.withResolvers<Verdict>()
  #isOver = false

  constructor({ direction, status }: Connection) {
    this.isTaken = direction === 'outbound'
    if (status !== 'open') this.end({ problem: 'the connection is over' })
  }

  get verdict(): Promise<Verdict> {
    return this.#over.promise
  }

  /** The first verdict counts; false for a later one. */
  end(verdict: Verdict): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#over.resolve(verdict)
    return true
  }
}

/** Decides connection by connection who is in. */
export class Admission {
  readonly #init: AdmissionInit
  readonly #self: NodeId
  readonly #cases = new WeakMap<Connection, Case>()

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

  /** Resolves when the connection's hello is over. */
  async verdictOn(connection: Connection): Promise<Verdict> {
    return await this.#caseOf(connection).verdict
  }

  /** The same, true when the peer is in. */
  async isAdmitted(connection: Connection): Promise<boolean> {
    return (await this.verdictOn(connection)) === 'admitted'
  }

  async #onOpen(connection: Connection): Promise<void> {
    const hello = this.#caseOf(connection)
    const timer = setTimeout(() => {
      this.#refuse(connection, hello, 'it said no hello in time')
    }, HELLO_TIMEOUT_MS)
    if (connection.direction === 'outbound') {
      this.#ask(connection, hello).catch((error: unknown) => {
        this.#onFailed(connection, hello, toError(error))
      })
    }
    await hello.verdict
    clearTimeout(timer)
  }

  #onClose(connection: Connection): void {
    const hello = this.#caseOf(connection)
    // An exchange under way ends by itself, and may have read the reason already.
    if (!hello.isTaken) hello.end({ problem: 'the connection ended before its hello' })
  }

  async #ask(connection: Connection, hello: Case): Promise<void> {
    const signal = AbortSignal.timeout(HELLO_TIMEOUT_MS)
    const question = await this.#welcome(connection)
    const stream = await connection.newStream(HELLO_PROTOCOL, { signal })
    const answer = decodeHelloAnswer(await askFrame(stream, question, HELLO))
    if (answer.type === 'refusal') {
      throw new P2pJobsError('REFUSED', `it refused us: ${answer.reason}`)
    }
    const problem = await this.#problemOf(connection, answer.signed)
    if (problem === undefined) this.#admit(connection, hello, answer.signed.hello)
    else this.#refuse(connection, hello, problem)
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const hello = this.#caseOf(connection)
    if (hello.isTaken) {
      const error = badMessage('a hello where none belongs')
      stream.abort(error)
      this.#init.onMalformed(peerOf(connection), error)
      return
    }
    hello.isTaken = true
    let problem: string | undefined
    try {
      const answerTo = async (question: Uint8Array): Promise<Uint8Array> => {
        const asked = decodeHelloAnswer(question)
        if (asked.type === 'refusal') throw badMessage('a refusal where a hello belongs')
        problem = await this.#problemOf(connection, asked.signed)
        if (problem !== undefined) return encodeRefusal(problem)
        const answer = await this.#welcome(connection)
        // Before the answer is out: who reads it may open its first stream at once.
        this.#admit(connection, hello, asked.signed.hello)
        return answer
      }
      await answerFrame(stream, answerTo, HELLO)
    } catch (error) {
      this.#onFailed(connection, hello, toError(error))
    }
    if (problem !== undefined) this.#refuse(connection, hello, problem)
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
    if (!isSigned) return 'its hello is not signed by its own key for this node'
    return this.#init.check(peerOf(connection), signed.hello)
  }

  #admit(connection: Connection, hello: Case, said: Hello): void {
    if (connection.status !== 'open') {
      // Nobody would hear of its end any more.
      hello.end({ problem: 'the connection ended during its hello' })
    } else if (hello.end('admitted')) {
      this.#init.onAdmitted(peerOf(connection), said, connection)
    }
  }

  #onFailed(connection: Connection, hello: Case, error: Error): void {
    const isSaid = operatingErrorOf(error) !== undefined
    // A connection that broke refuses nobody.
    if (isSaid || connection.status === 'open') this.#refuse(connection, hello, error.message)
    else hello.end({ problem: error.message })
  }

  #refuse(connection: Connection, hello: Case, problem: string): void {
    if (!hello.end({ problem })) return
    this.#init.onRefused(peerOf(connection), problem)
    if (connection.status !== 'open') return
    connection.close({ signal: AbortSignal.timeout(HELLO_TIMEOUT_MS) }).catch((error: unknown) => {
      connection.abort(toError(error))
    })
  }

  #caseOf(connection: Connection): Case {
    let hello = this.#cases.get(connection)
    if (hello === undefined) this.#cases.set(connection, (hello = new Case(connection)))
    return hello
  }
}

function peerOf(connection: Connection): NodeId {
  return connection.remotePeer.toString() as NodeId
}
