/**
 * What other nodes were refused, counted: nothing of it ends this node, and somebody may want to
 * know that it happens.
 */
import { operatingErrorOf } from '../core/errors.ts'
import type { NodeId } from '../core/types.ts'

/**
 * - `stranger`: a handshake failed: the other has another network's secret, or none;
 * - `hello`: a peer was not admitted, by its hello or for want of one, or did not admit us;
 * - `message`: a stream was reset for what a member sent on it.
 */
export type RefusalKind = 'stranger' | 'hello' | 'message'

export interface Refusal {
  readonly kind: RefusalKind
  /** Undefined for a stranger. */
  readonly peer: NodeId | undefined
  readonly reason: string
  /** How many of its kind there were, this one included. */
  readonly count: number
}

export class Refusals {
  readonly #counts: Record<RefusalKind, number> = { stranger: 0, hello: 0, message: 0 }
  readonly #onRefusal: (refusal: Refusal) => void

  constructor(onRefusal: (refusal: Refusal) => void) {
    this.#onRefusal = onRefusal
  }

  get counts(): Readonly<Record<RefusalKind, number>> {
    return this.#counts
  }

  add(kind: RefusalKind, peer: NodeId | undefined, reason: string): void {
    this.#onRefusal({ kind, peer, reason, count: ++this.#counts[kind] })
  }

  /** Counts an error of a stream, if it is its peer that is to blame. */
  note(peer: NodeId, error: Error | undefined): void {
    const code = operatingErrorOf(error)?.code
    if (error === undefined || (code !== 'BAD_MESSAGE' && code !== 'BLOB_DAMAGED')) return
    this.add('message', peer, error.message)
  }
}
