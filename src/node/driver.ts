/**
 * The loop around a machine: it brings the machine one event at a time, performs the effects in
 * their order, and owns its one timer.
 */
import { TIMER_MAX_MS } from '../core/limits.ts'
import type { Machine } from '../core/machine.ts'
import type { Millis } from '../core/types.ts'
import { monotonicNow } from './clock.ts'

export class Driver<Event, Effect> {
  readonly #machine: Machine<Event | { type: 'wake' }, Effect>
  readonly #perform: (effects: readonly Effect[]) => void
  readonly #events: (Event | { type: 'wake' })[] = []
  #isRunning = false
  #isStopped = false
  #timer: NodeJS.Timeout | undefined
  #timerAt: Millis | undefined

  /** `perform` gets all effects of one event, and must not throw. */
  constructor(
    machine: Machine<Event | { type: 'wake' }, Effect>,
    perform: (effects: readonly Effect[]) => void
  ) {
    this.#machine = machine
    this.#perform = perform
  }

  /** Hands an event to the machine; at once, or after the one it is busy with. */
  dispatch(event: Event | { type: 'wake' }): void {
    this.#events.push(event)
    if (this.#isRunning || this.#isStopped) return
    this.#isRunning = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#perform(this.#machine.handle(next, monotonicNow()))
      }
    } finally {
      this.#isRunning = false
    }
    this.#setTimer()
  }

  /** No further events, no timer. */
  stop(): void {
    this.#isStopped = true
    this.#events.length = 0
    clearTimeout(this.#timer)
  }

  #setTimer(): void {
    const { deadline } = this.#machine
    if (deadline === undefined || this.#isStopped) return
    // One that goes off too early does no harm, and deadlines move with every task.
    if (this.#timerAt !== undefined && this.#timerAt <= deadline) return
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    const wait = Math.min(TIMER_MAX_MS, Math.max(1, deadline - monotonicNow()))
    this.#timer = setTimeout(() => this.#wake(), wait)
    // What keeps the process alive is decided by whoever owns the node.
    this.#timer.unref()
  }

  /**
   * This process may have been stopped, or busy, so that a peer's lease looks as if it had ended:
   * two turns of the loop read what waits in its sockets. They cost nothing, and how late the timer
   * is does not tell: it may be the last moment of a long pause that it was due in.
   */
  #wake(): void {
    setImmediate(() =>
      setImmediate(() => {
        this.#timerAt = undefined
        this.dispatch({ type: 'wake' })
      })
    )
  }
}
