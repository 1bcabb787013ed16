/**
 * The network between workers and masters: sessions with latency, loss, duplicates, late messages,
 * cuts and resets. Harsher than a stream, which loses nothing in the middle: what survives this
 * survives that.
 */
import type { MasterMessage, WorkerMessage } from '../../src/core/messages.ts'
import type { Millis } from '../../src/core/types.ts'
import type { MasterNode } from './master-node.ts'
import type { WorkerNode } from './worker-node.ts'
import type { World } from './world.ts'

/** How bad the network is. Chances are per message. */
export interface Weather {
  readonly latencyMs: readonly [min: Millis, max: Millis]
  readonly loss: number
  readonly duplicates: number
  /** Messages that may overtake others, or be overtaken. */
  readonly reordered: number
  /** Wait before a worker opens a new session after it lost one. */
  readonly redialMs: readonly [min: Millis, max: Millis]
}

export const GOOD_WEATHER: Weather = {
  latencyMs: [1, 3],
  loss: 0,
  duplicates: 0,
  reordered: 0,
  redialMs: [100, 500]
}

/** One session, with both of its ends. */
export interface Session {
  readonly number: number
  readonly worker: WorkerNode
  readonly master: MasterNode
  isOpenAtWorker: boolean
  isOpenAtMaster: boolean
  /** When what was sent last arrives: nothing overtakes it unless reordered. */
  arrivals: [toMaster: Millis, toWorker: Millis]
}

export class Network {
  weather: Weather = GOOD_WEATHER
  readonly #world: World
  readonly #cut = new Set<WorkerNode | MasterNode>()
  #sessions = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Nothing from or to the node arrives any more; nobody is told. */
  cut(node: WorkerNode | MasterNode): void {
    this.#cut.add(node)
  }

  heal(node: WorkerNode | MasterNode): void {
    this.#cut.delete(node)
  }

  isCut(worker: WorkerNode, master: MasterNode): boolean {
    return this.#cut.size > 0 && (this.#cut.has(worker) || this.#cut.has(master))
  }

  /** Lets the worker open a session after a while, and try again for as long as it lives. */
  dial(worker: WorkerNode, master: MasterNode): void {
    const { clock, rng } = this.#world
    const { life } = worker
    clock.after(rng.integer(...this.weather.redialMs), () => {
      if (life !== worker.life || !worker.isUp || !worker.wants(master)) return
      const isReady = master.isUp && !master.isPaused && !worker.isPaused
      if (!isReady || this.isCut(worker, master)) this.dial(worker, master)
      else this.#open(worker, master)
    })
  }

  #open(worker: WorkerNode, master: MasterNode): void {
    const number = ++this.#sessions
    const { now } = this.#world.clock
    const session: Session = {
      ...{ number, worker, master, isOpenAtWorker: true, isOpenAtMaster: true },
      arrivals: [now, now]
    }
    master.opened(session)
    worker.opened(session)
  }

  toMaster(session: Session, message: WorkerMessage): void {
    if (!session.isOpenAtWorker) return
    this.#send(session, 0, () => {
      // What arrives for a session that is over is answered with a reset.
      if (!session.isOpenAtMaster) this.close(session)
      else session.master.hear(session, message)
    })
  }

  toWorker(session: Session, message: MasterMessage): void {
    if (!session.isOpenAtMaster) return
    this.#send(session, 1, () => {
      if (!session.isOpenAtWorker) this.close(session)
      else session.worker.hear(session, message)
    })
  }

  /** One side has ended the session; the other hears of it, unless it is cut off. */
  close(session: Session): void {
    const { worker, master } = session
    this.#world.clock.after(this.#latency(), () => {
      if (!this.isCut(worker, master)) this.reset(session)
    })
  }

  /** The connection breaks for both sides at once. */
  reset(session: Session): void {
    if (session.isOpenAtMaster) session.master.closed(session)
    if (session.isOpenAtWorker) session.worker.closed(session)
  }

  #send(session: Session, direction: 0 | 1, arrive: () => void): void {
    const { rng } = this.#world
    const { loss, duplicates } = this.weather
    if (this.isCut(session.worker, session.master)) return
    if (loss > 0 && rng.next() < loss) return
    this.#carry(session, direction, arrive)
    if (duplicates > 0 && rng.next() < duplicates) this.#carry(session, direction, arrive)
  }

  #carry(session: Session, direction: 0 | 1, arrive: () => void): void {
    const { rng, clock } = this.#world
    let at = clock.now + this.#latency()
    if (this.weather.reordered > 0 && rng.next() < this.weather.reordered) {
      at += rng.integer(0, 300)
    } else {
      at = Math.max(at, session.arrivals[direction])
      session.arrivals[direction] = at
    }
    clock.at(at, () => {
      if (!this.isCut(session.worker, session.master)) arrive()
    })
  }

  #latency(): Millis {
    return this.#world.rng.integer(...this.weather.latencyMs)
  }
}
