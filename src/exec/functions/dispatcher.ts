/**
 * Decides which child runs what: the inside of the function executor, without time or processes.
 *
 * Runs begin in their order. A run goes to an idle child of its crew, else to the one with the
 * least in hand if that has room, else a child is started for it. At most `slots` children have
 * tasks or are being started for some. Once the run whose turn it is finds no slot, none behind it
 * gets one: the children that are busy run dry, and the first to do so makes room for it.
 */
import type { Child } from './child.ts'
import { Crew } from './crew.ts'
import type { Run } from './run.ts'

export interface DispatcherHands {
  /** Starts a child for a crew; if that is impossible, its waiting runs have been dealt with. */
  launch(crew: Crew): Child | undefined
  /** Gives a child a run; false if that is impossible, and the run has been dealt with. */
  give(child: Child, run: Run): boolean
  /** Ends a child that has nothing to do. */
  retire(child: Child): void
}

export class Dispatcher {
  readonly #slots: number
  readonly #childrenMax: number
  readonly #hands: DispatcherHands
  readonly #crews = new Map<string, Crew>()
  /** Children that belong to nobody yet. */
  readonly #spare = new Set<Child>()
  /** Slots that are taken: by children with tasks, and by those that are started for some. */
  #busy = 0

  /** @param idleMax how many children may be kept that have nothing to do */
  constructor(slots: number, idleMax: number, hands: DispatcherHands) {
    this.#slots = slots
    this.#childrenMax = slots + idleMax
    this.#hands = hands
  }

  /** Every child that has not been asked to leave. */
  *children(): Generator<Child> {
    yield* this.#spare
    for (const { children } of this.#crews.values()) yield* children
  }

  add(run: Run): void {
    this.#crewOf(run).add(run)
  }

  /** Puts runs of one child back, in their order: they come before all that wait. */
  putBack(runs: readonly Run[]): void {
    const [first] = runs
    if (first !== undefined) this.#crewOf(first).putBack(runs)
  }

  /** Takes out a run that waits. */
  removeRun(run: Run): void {
    const crew = this.#crewOf(run)
    crew.remove(run)
    this.#forget(crew)
  }

  /** The crew of a child, if it has one. */
  crew({ crewKey }: Child): Crew | undefined {
    return crewKey === undefined ? undefined : this.#crews.get(crewKey)
  }

  /** Takes out every waiting run of a crew. */
  takeWaiting(crew: Crew | undefined): Run[] {
    if (crew === undefined) return []
    const runs = [...crew.waiting()]
    for (const run of runs) crew.remove(run)
    this.#forget(crew)
    return runs
  }

  /** A child that can serve any crew without limits of its own. */
  addSpare(child: Child): void {
    this.#spare.add(child)
  }

  /** The child leaves or has left. */
  removeChild(child: Child): void {
    this.#spare.delete(child)
    const crew = this.crew(child)
    if (crew === undefined) return
    crew.children.delete(child)
    this.#forget(crew)
  }

  /** Hands out what can be begun now, and starts children for what could be begun soon. */
  dispatch(): void {
    this.#busy = this.#countBusy()
    const touched = new Set<Child>()
    const startingFor = new Set<Crew>()
    for (;;) {
      const crew = this.#next(startingFor)
      const run = crew?.peek()
      if (crew === undefined || run === undefined) break
      const child = this.#childFor(crew, run)
      if (child !== undefined) {
        crew.shift()
        if (child.size === 0) this.#busy++
        if (this.#hands.give(child, run)) touched.add(child)
      } else if (this.#startFor(crew)) {
        startingFor.add(crew)
      } else {
        break
      }
    }
    for (const child of touched) child.flush()
  }

  /** The crew whose next run comes first. */
  #next(except: ReadonlySet<Crew>): Crew | undefined {
    let first: Crew | undefined
    let order = Infinity
    for (const crew of this.#crews.values()) {
      if (crew.size === 0 || except.has(crew)) continue
      const head = crew.peek()?.order ?? Infinity
      if (head >= order) continue
      first = crew
      order = head
    }
    return first
  }

  #childFor(crew: Crew, run: Run): Child | undefined {
    const isSlotFree = this.#busy < this.#slots
    let best: Child | undefined
    for (const child of crew.children) {
      if (!child.hasRoomFor(run) || (child.size === 0 && !isSlotFree)) continue
      if (best === undefined || goesBefore(child, best)) best = child
    }
    if (best?.size === 0 || !isSlotFree) return best
    return this.#adopt(crew, 'ready') ?? best
  }

  /** Makes a child that belongs to nobody one of the crew's, if there is one that can be. */
  #adopt(crew: Crew, state: Child['state']): Child | undefined {
    if (crew.work.spec.memoryBytesMax !== undefined) return undefined
    for (const child of this.#spare) {
      if (child.state !== state) continue
      this.#spare.delete(child)
      this.#join(child, crew)
      return child
    }
    return undefined
  }

  #join(child: Child, crew: Crew): void {
    child.assign(crew.work)
    crew.children.add(child)
  }

  /** True if a child is on its way for the crew. */
  #startFor(crew: Crew): boolean {
    const { starting } = crew
    const free = this.#slots - this.#busy
    for (let more = Math.min(free, crew.size - starting); more > 0; more--) {
      this.#busy++
      if (this.#adopt(crew, 'starting') !== undefined) continue
      const child = this.#makeRoom(crew) ? this.#hands.launch(crew) : undefined
      if (child === undefined) break
      this.#join(child, crew)
    }
    return crew.starting > 0
  }

  /** Ends the child that has been idle longest if there are too many. */
  #makeRoom(crew: Crew): boolean {
    let count = 0
    let oldest: Child | undefined
    for (const child of this.children()) {
      count++
      if (child.size > 0 || child.state !== 'ready' || child.crewKey === crew.key) continue
      if (oldest === undefined || child.idleSince < oldest.idleSince) oldest = child
    }
    if (count < this.#childrenMax) return true
    if (oldest === undefined) return false
    this.#hands.retire(oldest)
    return true
  }

  #countBusy(): number {
    let busy = 0
    for (const { children } of this.#crews.values()) {
      for (const child of children) if (child.size > 0 || child.state === 'starting') busy++
    }
    return busy
  }

  #crewOf({ work }: Run): Crew {
    let crew = this.#crews.get(work.crewKey)
    if (crew === undefined) {
      crew = new Crew(work)
      this.#crews.set(work.crewKey, crew)
    }
    return crew
  }

  #forget(crew: Crew): void {
    if (crew.size === 0 && crew.children.size === 0) this.#crews.delete(crew.key)
  }
}

/** Among the idle the one used last, which is warmest; among the busy the one with least in hand. */
function goesBefore(a: Child, b: Child): boolean {
  if (a.size === 0 && b.size === 0) return a.idleSince > b.idleSince
  return a.loadMs < b.loadMs
}
