/**
 * Which task goes to which slot: in their order, one to each free slot.
 *
 * Of short tasks, each slot is given one more than it runs (see `slot.ts`). That one comes back to
 * the front of the queue when a slot is free, or when what it waits for turns out to be long.
 */
import type { ShellSpec } from '../core/spec.ts'
import type { Script, Slot } from './slot.ts'
import type { TaskOrder } from './spawner-messages.ts'

export interface Waiting {
  readonly spec: ShellSpec
  readonly order: TaskOrder
  /** The node believes that it waits. */
  hasWaited: boolean
}

export interface Allotted<Run extends Script> extends Script {
  readonly waiting: Waiting
  readonly slot: Slot<Run>
  /** When it began; `Infinity`: not yet. */
  readonly startedMs: number
  /** It is being ended: nothing may wait behind it. */
  readonly isEnding: boolean
}

/** Tasks that take this long gain nothing from having the next one with the shell already. */
const SHORT_MS = 10

export class Allotment<Run extends Allotted<Run>> {
  readonly #free: Slot<Run>[]
  readonly #prepare: (slot: Slot<Run>, waiting: Waiting) => Run | undefined
  readonly #queue: Waiting[] = []
  readonly #runs = new Map<number, Run>()
  /** Those that wait behind another. */
  readonly #ahead = new Set<Run>()
  #lastRuntimeMs = Infinity

  /** `prepare` gives nothing for a task that cannot be run at all. */
  constructor(
    slots: readonly Slot<Run>[],
    prepare: (slot: Slot<Run>, waiting: Waiting) => Run | undefined
  ) {
    this.#free = [...slots]
    this.#prepare = prepare
  }

  /** Tasks that no slot was given. */
  get waiting(): number {
    return this.#queue.length
  }

  /** What the slots were given and has not ended. */
  get runs(): ReadonlyMap<number, Run> {
    return this.#runs
  }

  add(tasks: readonly Waiting[]): void {
    for (const task of tasks) this.#queue.push(task)
    this.fill()
    for (const task of tasks) task.hasWaited = true
  }

  /** Gives out as much as there is room for. */
  fill(): void {
    while (this.#free.length > 0 && (this.#queue.length > 0 || this.#takeBackOne())) {
      const slot = this.#free.pop()
      const next = this.#queue.shift()
      if (slot !== undefined && next !== undefined && !this.#give(slot, next)) this.#free.push(slot)
    }
    if (this.#queue.length > 0 && this.#lastRuntimeMs < SHORT_MS) this.#giveAhead()
  }

  /** Whether a task is here and has not ended. */
  has(run: number): boolean {
    return this.#runs.has(run) || this.#queue.some(({ order }) => order.run === run)
  }

  /** Takes a task out that has not begun; false if there is none of this number. */
  remove(run: number): boolean {
    const given = this.#runs.get(run)
    if (given !== undefined && this.#ahead.has(given)) given.slot.takeBackNext()
    const place = this.#queue.findIndex(({ order }) => order.run === run)
    if (place >= 0) this.#queue.splice(place, 1)
    return place >= 0
  }

  /** Nothing waits behind the run any more; false if that has begun, and the run has ended. */
  isolate(run: Run): boolean {
    return this.#ahead.has(run) || run.slot.next === undefined || run.slot.takeBackNext()
  }

  /** To be called when a slot says so. */
  onBegun(run: Run): void {
    this.#ahead.delete(run)
  }

  /** To be called when a slot says so: the task waits again. */
  onLost(run: Run): void {
    this.#forget(run)
    this.#queue.unshift(run.waiting)
  }

  /** The run is over, and its slot can be used. */
  onEnded(run: Run, runtimeMs: number): void {
    this.#forget(run)
    this.#lastRuntimeMs = runtimeMs
    if (run.slot.isIdle) this.#free.push(run.slot)
    this.fill()
  }

  #forget(run: Run): void {
    this.#runs.delete(run.waiting.order.run)
    this.#ahead.delete(run)
  }

  #give(slot: Slot<Run>, waiting: Waiting): boolean {
    const run = this.#prepare(slot, waiting)
    if (run === undefined) return false
    this.#runs.set(waiting.order.run, run)
    this.#ahead.add(run)
    slot.run(run)
    return true
  }

  /** Gives one more task to every slot whose task cannot have proved to be long. */
  #giveAhead(): void {
    const since = performance.now() - SHORT_MS
    for (const { slot, startedMs, isEnding } of this.#runs.values()) {
      if (isEnding || startedMs < since || !slot.hasRoomForNext) continue
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#give(slot, next)
    }
  }

  /** Puts a task that waits behind another into the queue again; false if there is none. */
  #takeBackOne(): boolean {
    for (const { slot } of this.#ahead) if (slot.takeBackNext()) return true
    return false
  }
}
