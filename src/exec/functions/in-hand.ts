/**
 * The tasks that a child has in hand: what it has begun and not ended, and what waits behind that.
 *
 * Several at once, so that a child never waits for the node. What it has not begun can be taken
 * back at any time, even while it is busy (ledger.ts).
 */
import type { NodeLedger } from './ledger.ts'
import type { Run } from './run.ts'

/** As much work is to be in hand, and no task that might be long behind another. */
const WINDOW_MS = 1.5
const TASKS_MAX = 256
const BYTES_MAX = 1024 * 1024

export class InHand {
  readonly #ledger: NodeLedger
  readonly #runs = new Map<number, Run>()
  /** The number of the task added last. */
  #last = 0
  #loadMs = 0
  #bytes = 0
  /** While the child has not passed revoked tasks: the last one that may have begun all the same. */
  #begunAtMost: number | undefined

  constructor(ledger: NodeLedger) {
    this.#ledger = ledger
  }

  get size(): number {
    return this.#runs.size
  }

  /** How long they will take, as far as is known. */
  get loadMs(): number {
    return this.#loadMs
  }

  /** The task with this number, if it has not ended. */
  get(seq: number): Run | undefined {
    return this.#runs.get(seq)
  }

  /** The task the child is at. */
  current(): Run | undefined {
    return this.#runs.get(Math.min(this.#ledger.begun, this.#begunAtMost ?? Infinity))
  }

  hasRoomFor(run: Run): boolean {
    if (this.#begunAtMost !== undefined) return false
    if (this.#runs.size === 0) return true
    return (
      this.#loadMs + run.work.pace.meanMs <= WINDOW_MS &&
      this.#runs.size < TASKS_MAX &&
      this.#bytes + run.start.input.length <= BYTES_MAX
    )
  }

  /** Gives a task its number. */
  add(run: Run): void {
    run.hasWaited ||= this.#runs.size > 0
    run.seq = ++this.#last
    run.expectedMs = run.work.pace.meanMs
    this.#runs.set(run.seq, run)
    this.#loadMs += run.expectedMs
    this.#bytes += run.start.input.length
  }

  /** The child is done with a task: it has ended, or was skipped. */
  remove(seq: number): Run | undefined {
    const run = this.#runs.get(seq)
    if (run !== undefined) this.#take(run)
    if (this.#begunAtMost !== undefined && seq >= this.#last) {
      this.#begunAtMost = undefined
      this.#ledger.allow()
    }
    return run
  }

  /** Takes back every task that has not begun. Nothing can be added until the child has passed them. */
  revoke(): Run[] {
    if (this.#begunAtMost !== undefined) return []
    const first = this.#ledger.begun + 1
    if (first > this.#last) return []
    this.#ledger.revokeFrom(first)
    const begunAtMost = this.#ledger.begun
    this.#begunAtMost = begunAtMost
    const revoked = [...this.#runs.values()].filter(({ seq }) => seq > begunAtMost)
    for (const run of revoked) this.#take(run)
    return revoked
  }

  /** Takes all of them: the child is gone. */
  clear(): Run[] {
    const runs = [...this.#runs.values()]
    this.#runs.clear()
    return runs
  }

  #take(run: Run): void {
    this.#runs.delete(run.seq)
    this.#bytes -= run.start.input.length
    // Sums of fractions drift.
    this.#loadMs = this.#runs.size === 0 ? 0 : this.#loadMs - run.expectedMs
  }
}
