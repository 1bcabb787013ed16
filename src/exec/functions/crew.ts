/**
 * The children that may run the same tasks, and the runs that wait for them.
 */
import { Queue } from '../../core/queue.ts'
import type { Child } from './child.ts'
import type { Run, Work } from './run.ts'

export class Crew {
  readonly key: string
  /** What its first run asked for: the limits of its children are the same for all. */
  readonly work: Work
  readonly children = new Set<Child>()
  /** Runs that wait. */
  size = 0
  /** Children in a row that died before they were ready. */
  failedStarts = 0
  readonly #queue = new Queue<Run>()
  /** Runs that were in a child already; the one to begin first comes last. */
  readonly #back: Run[] = []

  constructor(work: Work) {
    this.key = work.crewKey
    this.work = work
  }

  /** How many of its children are not ready yet. */
  get starting(): number {
    let starting = 0
    for (const { state } of this.children) if (state === 'starting') starting++
    return starting
  }

  add(run: Run): void {
    this.#queue.push(run)
    this.size++
  }

  /** Puts runs back that were not begun, or have to be begun again; given in their order. */
  putBack(runs: readonly Run[]): void {
    for (const run of runs.toReversed()) {
      run.state = 'waiting'
      run.child = undefined
      run.hasWaited = true
      this.#back.push(run)
    }
    this.size += runs.length
  }

  /** The next run to begin. */
  peek(): Run | undefined {
    while (this.#back.length > 0 && this.#back.at(-1)?.state !== 'waiting') this.#back.pop()
    const back = this.#back.at(-1)
    if (back !== undefined) return back
    while (this.#queue.size > 0 && this.#queue.peek()?.state !== 'waiting') this.#queue.shift()
    return this.#queue.peek()
  }

  /** Takes the run out that `peek` gave. */
  shift(): void {
    this.size--
    if (this.#back.pop() === undefined) this.#queue.shift()
  }

  /** Takes a waiting run out that is not the next; it is skipped when its turn comes. */
  remove(run: Run): void {
    run.state = 'ended'
    this.size--
  }

  /** Every waiting run, in order. */
  *waiting(): Generator<Run> {
    for (const run of this.#back.toReversed()) if (run.state === 'waiting') yield run
    for (const run of this.#queue) if (run.state === 'waiting') yield run
  }
}
