/**
 * The user's end of the control socket: requests out, items in.
 *
 * A connection answers one request at a time. Those that are not busy are kept for the next one,
 * so that a program that submits in a loop does not connect anew each time.
 */
import { connect } from 'node:net'
import { operatingErrorOf, P2pJobsError, toError } from '../core/errors.ts'
import { CLIENT_HELLO_MS } from '../core/limits.ts'
import { badMessage } from '../wire/bad-message.ts'
import type { ReceivedMessage } from '../wire/frame.ts'
import { decodeAnswer } from './answers.ts'
import { FrameSocket } from './frame-socket.ts'
import { decodeWelcome, encodeHello } from './greeting.ts'
import type { Welcome } from './greeting.ts'
import type { ClientMessage, Item, Request, Versions } from './messages.ts'
import { encodeRequest } from './requests.ts'

/** Connections kept although nothing is asked on them. */
const IDLE_MAX = 4

export interface ControlClientInit {
  readonly path: string
  readonly versions: Versions
  /** How long connecting and the hello may take. */
  readonly helloMs?: number
}

export class ControlClient {
  readonly #init: ControlClientInit
  readonly #idle: FrameSocket[] = []
  readonly #busy = new Set<FrameSocket>()
  /** What the node said of itself. */
  readonly welcome: Welcome
  #isClosed = false

  /**
   * Connects. Throws NO_DAEMON when nobody listens there, REFUSED when the node does not talk to
   * this version, UNREACHABLE when it does not answer.
   */
  static async connect(init: ControlClientInit): Promise<ControlClient> {
    const { socket, welcome } = await open(init)
    return new ControlClient(init, socket, welcome)
  }

  private constructor(init: ControlClientInit, socket: FrameSocket, welcome: Welcome) {
    this.#init = init
    this.welcome = welcome
    this.#idle.push(socket)
  }

  /**
   * Asks, and returns what is answered. Throws what the node answers instead of an end, UNREACHABLE
   * when it ends first, and the reason of the signal. Who stops reading hangs up.
   */
  async *ask(request: Request, signal?: AbortSignal): AsyncGenerator<Item, void, undefined> {
    await using exchange = await this.begin(request, signal)
    for (let item = await exchange.next(); item !== undefined; item = await exchange.next()) {
      yield item
    }
  }

  /** The same for a request that more follows. To be disposed of. */
  async begin(request: Request, signal?: AbortSignal): Promise<Exchange> {
    signal?.throwIfAborted()
    const message = encodeRequest(request)
    const socket = this.#takeIdle() ?? (await open(this.#init)).socket
    this.#busy.add(socket)
    socket.send(message)
    return new Exchange(socket, signal, (isOver) => this.#release(socket, isOver))
  }

  /** Hangs up; what is under way fails. Can be called again. */
  close(): void {
    this.#isClosed = true
    for (const socket of [...this.#idle.splice(0), ...this.#busy]) socket.destroy()
  }

  #takeIdle(): FrameSocket | undefined {
    for (let socket = this.#idle.pop(); socket !== undefined; socket = this.#idle.pop()) {
      if (!socket.closed.aborted) return socket
    }
    return undefined
  }

  #release(socket: FrameSocket, isOver: boolean): void {
    this.#busy.delete(socket)
    if (isOver && !this.#isClosed && this.#idle.length < IDLE_MAX) this.#idle.push(socket)
    else socket.destroy()
  }
}

/** One request and its answer. */
export class Exchange implements AsyncDisposable {
  readonly #socket: FrameSocket
  readonly #signal: AbortSignal | undefined
  readonly #release: (isOver: boolean) => void
  #isOver = false
  /** What was answered instead of an end, for those who go on all the same. */
  #failure: P2pJobsError | undefined
  #isReleased = false
  readonly #onAbort = (): void => this.#socket.destroy()

  constructor(
    socket: FrameSocket,
    signal: AbortSignal | undefined,
    release: (isOver: boolean) => void
  ) {
    this.#socket = socket
    this.#signal = signal
    this.#release = release
    signal?.addEventListener('abort', this.#onAbort)
  }

  /** Sends what follows the request; resolves when there is room for more. */
  async send(message: ClientMessage): Promise<void> {
    this.#signal?.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure
    this.#socket.send(encodeRequest(message))
    await this.#socket.room()
  }

  /** The next item, or undefined at the end. Throws like `ask`. */
  async next(): Promise<Item | undefined> {
    while (!this.#isOver) {
      const raw = await this.#read()
      const answer = decodeAnswer(raw)
      // Of a later version, and not asked for.
      if (answer === undefined) continue
      if (answer.type !== 'done' && answer.type !== 'error') return answer
      this.#isOver = true
      if (answer.type === 'error') this.#failure = new P2pJobsError(answer.code, answer.message)
    }
    if (this.#failure !== undefined) throw this.#failure
    return undefined
  }

  async #read(): Promise<ReceivedMessage> {
    try {
      const raw = await this.#socket.next()
      if (raw !== undefined) return raw
    } catch (error) {
      this.#signal?.throwIfAborted()
      throw isReset(error) ? gone(error) : error
    }
    this.#signal?.throwIfAborted()
    throw gone()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    if (!this.#isReleased) this.#release(this.#isOver)
    this.#isReleased = true
    return Promise.resolve()
  }
}

async function open(
  init: ControlClientInit
): Promise<{ readonly socket: FrameSocket; readonly welcome: Welcome }> {
  const raw = connect(init.path)
  const socket = new FrameSocket(raw)
  const late = new AbortController()
  late.signal.addEventListener('abort', () => socket.destroy())
  const timer = setTimeout(() => late.abort(), init.helloMs ?? CLIENT_HELLO_MS)
  try {
    socket.send(encodeHello(init.versions))
    const answer = await socket.next()
    if (answer === undefined) throw late.signal.aborted ? silent() : gone()
    return { socket, welcome: decodeWelcome(answer) }
  } catch (error) {
    socket.destroy()
    if (isAbsent(error)) throw noDaemon(error)
    throw isReset(error) ? gone(error) : toError(error)
  } finally {
    clearTimeout(timer)
  }
}

/** Nobody listens: there is no such file, or its process is gone. */
function isAbsent(error: unknown): boolean {
  const { cause } = toError(error) as { cause?: NodeJS.ErrnoException }
  return cause?.code === 'ENOENT' || cause?.code === 'ECONNREFUSED'
}

/** The node was killed: then its connections may be reset instead of ended. */
function isReset(error: unknown): boolean {
  const known = operatingErrorOf(error)
  return known?.code === 'UNREACHABLE' && known.cause !== undefined
}

/** What to do when no node of a home takes jobs. */
export function noDaemon(cause?: unknown): P2pJobsError {
  return new P2pJobsError(
    'NO_DAEMON',
    'no node of this home runs as a master; start one with `p2pjobs node --master`',
    { cause }
  )
}

function silent(): P2pJobsError {
  return new P2pJobsError(
    'UNREACHABLE',
    'the node of this home does not answer; it may be stopped or very busy'
  )
}

function gone(cause?: unknown): P2pJobsError {
  return new P2pJobsError(
    'UNREACHABLE',
    'the node ended before it had answered; what it had acknowledged is kept, start it again',
    { cause }
  )
}

/** An item of the kind that was to come. Throws BAD_MESSAGE for any other. */
export function expectItem<Type extends Item['type']>(
  item: Item | undefined,
  type: Type
): Extract<Item, { type: Type }> {
  if (item?.type !== type) throw badMessage(`something else than ${type}`)
  return item as Extract<Item, { type: Type }>
}
