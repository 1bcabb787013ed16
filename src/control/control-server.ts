/**
 * The node's end of the control socket: whoever may open the socket's file may ask, and that is the
 * user of the node alone.
 *
 * Each connection is served on its own: one that says nonsense is hung up on, one that does not
 * read holds back only itself.
 */
import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import { CLIENT_HELLO_MS, CLIENTS_MAX } from '../core/limits.ts'
import { badMessage } from '../wire/bad-message.ts'
import { encodeAnswer } from './answers.ts'
import { FrameSocket } from './frame-socket.ts'
import { decodeHello, encodeRefusal, encodeWelcome, versionRefusal } from './greeting.ts'
import type { Welcome } from './greeting.ts'
import type { ClientMessage, Continuation, Item, Request } from './messages.ts'
import { decodeRequest } from './requests.ts'
import { clearPath } from './socket-path.ts'

export type Inputs = Extract<Continuation, { type: 'inputs' }>

/** Whoever knows the answers. */
export interface Answerer {
  /**
   * What is answered to a request, before `done`. `more` is what follows it: it ends with `close`,
   * and throws UNREACHABLE when the client vanishes before, STOPPED when the server is closed.
   * `signal` is aborted when the client is gone.
   */
  answer(request: Request, more: AsyncIterable<Inputs>, signal: AbortSignal): AsyncIterable<Item>
}

export interface ControlServerInit {
  readonly path: string
  readonly welcome: Welcome
  readonly answerer: Answerer
  /** Something a person should know, in one line. */
  onProblem(text: string): void
  readonly clientsMax?: number
  readonly helloMs?: number
}

export class ControlServer {
  readonly #init: ControlServerInit
  readonly #server: Server
  readonly #clients = new Set<FrameSocket>()
  /** Connections that were ended for what they said, or because there were too many. */
  refusals = 0
  #isClosing = false

  /** Listens. Throws PORT_IN_USE when another node does, BAD_HOME when that is not possible. */
  static async listen(init: ControlServerInit): Promise<ControlServer> {
    await clearPath(init.path)
    const server = new ControlServer(init)
    await server.#listen()
    return server
  }

  private constructor(init: ControlServerInit) {
    this.#init = init
    this.#server = createServer((socket) => void this.#onConnection(socket))
  }

  /** Clients that are connected. */
  get clients(): number {
    return this.#clients.size
  }

  async #listen(): Promise<void> {
    const { path } = this.#init
    const listening = Promise.withResolvers<undefined>()
    this.#server.once('listening', () => listening.resolve(undefined))
    this.#server.once('error', listening.reject)
    // The file is made in this call, and must never be anybody else's to open.
    const umask = process.umask(0o177)
    try {
      this.#server.listen(path)
    } finally {
      process.umask(umask)
    }
    try {
      await listening.promise
      chmodSync(path, 0o600)
    } catch (cause) {
      const { message } = toError(cause)
      throw new P2pJobsError('BAD_HOME', `cannot listen on ${path}: ${message}`, { cause })
    }
    this.#server.on('error', (error) => this.#init.onProblem(`control socket: ${error.message}`))
  }

  /** Hangs up on everybody and takes the socket away. Can be called again. */
  async close(): Promise<void> {
    this.#isClosing = true
    const closed = Promise.withResolvers<undefined>()
    this.#server.close(() => closed.resolve(undefined))
    for (const client of this.#clients) client.destroy()
    await closed.promise
  }

  async #onConnection(socket: Socket): Promise<void> {
    const client = new FrameSocket(socket)
    this.#clients.add(client)
    try {
      if (await this.#greet(client)) await this.#serve(client)
      client.end()
    } catch (error) {
      this.#onFailure(error)
      client.destroy()
    } finally {
      this.#clients.delete(client)
    }
  }

  /** Who sends nonsense is counted, and nothing else; a client may vanish at any time. */
  #onFailure(error: unknown): void {
    const known = operatingErrorOf(error)
    if (known?.code === 'UNREACHABLE') return
    this.refusals++
    this.#init.onProblem(`a client of the control socket was hung up on: ${toError(error).message}`)
  }

  /** True: it may ask. */
  async #greet(client: FrameSocket): Promise<boolean> {
    const { welcome, clientsMax = CLIENTS_MAX, helloMs = CLIENT_HELLO_MS } = this.#init
    const timer = setTimeout(() => client.destroy(), helloMs)
    try {
      const first = await client.next()
      if (first === undefined) return false
      const refusal =
        this.#clients.size > clientsMax
          ? `this node has ${clientsMax} clients, and takes no more; try again in a moment`
          : versionRefusal(welcome, decodeHello(first))
      if (refusal === undefined) client.send(encodeWelcome(welcome))
      else {
        client.send(encodeRefusal(welcome, refusal))
        this.refusals++
      }
      return refusal === undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async #serve(client: FrameSocket): Promise<void> {
    for (let raw = await client.next(); raw !== undefined; raw = await client.next()) {
      const message = decodeRequest(raw)
      if (message === undefined) client.send(encodeAnswer(unknownRequest(raw.type)))
      // What was sent for a request that has failed meanwhile is of no use.
      else if (!isContinuation(message)) await this.#perform(client, message)
    }
  }

  async #perform(client: FrameSocket, request: Request): Promise<void> {
    try {
      const items = this.#init.answerer.answer(request, this.#following(client), client.closed)
      for await (const item of items) {
        client.send(encodeAnswer(item))
        await client.room()
        if (client.closed.aborted) return
      }
      client.send(encodeAnswer({ type: 'done' }))
    } catch (error) {
      // Nobody is left to be told.
      if (client.closed.aborted) return
      const known = operatingErrorOf(error)
      if (known?.code === 'BAD_MESSAGE') throw known
      client.send(encodeAnswer(known === undefined ? this.#fault(error) : answerOf(known)))
    }
    await client.room()
  }

  /** What follows a request that is fed. */
  async *#following(client: FrameSocket): AsyncGenerator<Inputs, void, undefined> {
    while (true) {
      const raw = await client.next()
      if (raw === undefined) throw this.#isClosing ? stopped() : vanished()
      const message = decodeRequest(raw)
      if (message?.type === 'close') return
      if (message?.type !== 'inputs') throw badMessage('a request while it was feeding another')
      yield message
    }
  }

  #fault(thrown: unknown): ReturnType<typeof answerOf> {
    const error = toError(thrown)
    this.#init.onProblem(
      `a request failed by a bug of p2pjobs, please report it: ${error.stack ?? error.message}`
    )
    return answerOf(
      new P2pJobsError('FAULT', `the node made a mistake, please report it: ${error.message}`)
    )
  }
}

function vanished(): P2pJobsError {
  return new P2pJobsError('UNREACHABLE', 'the client has gone')
}

function stopped(): P2pJobsError {
  return new P2pJobsError('STOPPED', 'the node was stopped')
}

function answerOf({ code, message }: P2pJobsError) {
  return { type: 'error', code, message } as const
}

function unknownRequest(type: number) {
  const message = `the node does not know this request (${type}); end it and start it again`
  return { type: 'error', code: 'REFUSED', message } as const
}

function isContinuation(message: ClientMessage): message is Continuation {
  return message.type === 'inputs' || message.type === 'close'
}
