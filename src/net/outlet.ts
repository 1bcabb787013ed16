/**
 * The way out of a connection, shared by the frame streams on it: each in its turn, one frame at
 * a time, so that a large transfer keeps nobody waiting.
 *
 * Left to themselves the streams are not treated alike (measured): when a full connection can take
 * more, js-libp2p offers that to its streams in the order in which they were opened, and those at
 * the end never get any. And a writer that sends again right after `drain` starves libp2p's own
 * streams, so that the connection is taken for dead: after each, one turn of the loop is theirs.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection, Stream } from '@libp2p/interface'
import { Queue } from '../core/queue.ts'

interface Sender {
  readonly stream: Stream
  readonly sendNext: () => boolean
}

export class Outlet {
  readonly #senders = new Queue<Sender>()
  #isRunning = false

  /**
   * Lets a stream send, in its turns. `sendNext` sends one frame, if it can, and returns true when
   * there is another one; after a false it is added again for the next. It must not throw.
   */
  add(stream: Stream, sendNext: () => boolean): void {
    this.#add({ stream, sendNext })
  }

  #add(sender: Sender): void {
    this.#senders.push(sender)
    if (!this.#isRunning) void this.#run()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#isRunning = true
    for (let sender = this.#senders.shift(); sender; sender = this.#senders.shift()) {
      while (isFull(sender.stream)) await drainOf(sender.stream)
      if (isStuck(sender.stream)) void this.#addLater(sender)
      else if (sender.sendNext()) this.#senders.push(sender)
    }
    this.#isRunning = false
  }

  /** A stream whose peer does not read keeps nobody else waiting. */
  async #addLater(sender: Sender): Promise<void> {
    while (isStuck(sender.stream)) await drainOf(sender.stream)
    this.#add(sender)
  }
}

/** The connection takes nothing now. */
function isFull(stream: Stream): boolean {
  return stream.status === 'open' && stream.writableNeedsDrain && stream.writeBufferLength === 0
}

/** The connection would take more, but the stream's peer has to read first. */
function isStuck(stream: Stream): boolean {
  return stream.status === 'open' && stream.writeBufferLength > 0
}

/** Resolves one turn after the stream could send again, or ended. */
async function drainOf(stream: Stream): Promise<void> {
  // `onDrain()` would wait only once per stream.
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', done)
      resolve()
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', done)
  })
  await nextTurn()
}

const outlets = new WeakMap<Connection, Outlet>()

/** The one outlet of a connection. */
export function outletOf(connection: Connection): Outlet {
  let outlet = outlets.get(connection)
  if (outlet === undefined) outlets.set(connection, (outlet = new Outlet()))
  return outlet
}
