/**
 * How a worker has behaved lately, and the memory of it: who goes and comes back is not a new one.
 */
import { CONDUCT_KEEP_MS, CONDUCTS_MAX } from '../limits.ts'
import type { Millis, NodeId } from '../types.ts'

export class Conduct {
  /** Fast failures since its last success. */
  fastFailures = 0
  /** Reports since it last started or ended anything that only gave tasks back. */
  idleReturns = 0
  /** Rests in a row, and until when it gets nothing because of the last. */
  rests = 0
  restUntil: Millis = 0
  /** What the last attempt came to because of which it rests. */
  restReason = ''
  /** Why it could not run what it was given last; empty: it could. */
  lastRefusal = ''

  get isClean(): boolean {
    return this.fastFailures + this.idleReturns + this.rests === 0
  }
}

/** Of workers that have gone. The longest gone are forgotten first. */
export class Conducts {
  readonly #gone = new Map<NodeId, { readonly conduct: Conduct; readonly until: Millis }>()

  get size(): number {
    return this.#gone.size
  }

  remember(worker: NodeId, conduct: Conduct, now: Millis): void {
    if (conduct.isClean) return
    this.#gone.delete(worker)
    this.#gone.set(worker, { conduct, until: now + CONDUCT_KEEP_MS })
    for (const [first, { until }] of this.#gone) {
      if (this.#gone.size <= CONDUCTS_MAX && until > now) return
      this.#gone.delete(first)
    }
  }

  /** The conduct to go on with for a worker that comes. */
  recall(worker: NodeId, now: Millis): Conduct {
    const known = this.#gone.get(worker)
    this.#gone.delete(worker)
    return known !== undefined && known.until > now ? known.conduct : new Conduct()
  }
}
