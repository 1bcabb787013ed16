/**
 * A driver in virtual time: feeds one machine its events, wakes it when it wants, and can be
 * killed, started and paused. What it does with effects is the business of its subclasses.
 */
import type { Machine } from '../../src/core/machine.ts'
import type { Millis } from '../../src/core/types.ts'
import type { World } from './world.ts'

export abstract class SimNode<Event extends { type: string }, Effect> {
  readonly world: World
  /** A small number that tells it from all other nodes. */
  readonly index: number
  /** Counts starts: what was meant for an earlier life does not reach this one. */
  life = 0
  isUp = false
  isPaused = false
  protected abstract machine: Machine<Event, Effect>
  readonly #wake: Event
  #inbox: Event[] = []
  #wakesAt: Millis = Infinity

  constructor(world: World, index: number, wake: Event) {
    this.world = world
    this.index = index
    this.#wake = wake
  }

  /** Brings an event: at once, or once the node is no longer paused; never to a dead one. */
  deliver(event: Event): void {
    if (!this.isUp) return
    if (this.isPaused) this.#inbox.push(event)
    else this.#handle(event)
  }

  /** As SIGSTOP does: nothing is heard, nothing is said, what runs elsewhere goes on. */
  pause(): void {
    this.isPaused = true
  }

  /** As SIGCONT does. Whether a late timer or the waiting messages come first is up to chance. */
  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    const inbox = this.#inbox
    this.#inbox = []
    if (this.world.rng.next() < 0.5) this.#wakeUp()
    for (const event of inbox) this.deliver(event)
    this.#wakeUp()
  }

  protected begin(): void {
    this.life++
    this.isUp = true
    this.isPaused = false
    this.#inbox = []
    this.#wakesAt = Infinity
  }

  protected end(): void {
    this.isUp = false
    this.isPaused = false
    this.#inbox = []
  }

  protected abstract perform(effects: Effect[], event: Event): void
  protected abstract check(): void

  /** Arms the one timer. An earlier one that is already planned serves as well. */
  protected arm(): void {
    const { deadline } = this.machine
    if (!this.isUp || deadline === undefined || deadline >= this.#wakesAt) return
    const { life } = this
    this.#wakesAt = deadline
    this.world.clock.at(deadline, () => {
      if (life !== this.life || this.#wakesAt !== deadline) return
      this.#wakesAt = Infinity
      this.#wakeUp()
    })
  }

  #wakeUp(): void {
    if (!this.isUp || this.isPaused) return
    const { deadline } = this.machine
    if (deadline !== undefined && deadline <= this.world.clock.now) this.#handle(this.#wake)
    else this.arm()
  }

  #handle(event: Event): void {
    const { trace, clock } = this.world
    trace.events++
    trace.add(clock.now)
    trace.add((this.index << 5) + event.type.length)
    const effects = this.machine.handle(event, clock.now)
    if (trace.events % this.world.checkEvery === 0) this.check()
    this.perform(effects, event)
    this.arm()
  }
}
