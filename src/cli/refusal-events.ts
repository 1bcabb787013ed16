/**
 * What other nodes were refused, as programs read it.
 */
import type { Refusal } from '../node/refusals.ts'

/** The `refusal` event. */
export interface RefusalEvent {
  readonly event: 'refusal'
  readonly kind: Refusal['kind']
  readonly peer: string | null
  readonly reason: string
  readonly count: number
}

/** Peers whose refusals are told apart; those of further ones are told as if of one. */
const PEERS_MAX = 1_000

/**
 * Tells a peer's first refusal of a kind, its second, fourth, eighth, and so on: whoever keeps on
 * trying does not fill the output, and the counts say what was left out.
 */
export function refusalEvents(tell: (event: RefusalEvent) => void): (refusal: Refusal) => void {
  const times = new Map<string, number>()
  return ({ kind, peer, reason, count }) => {
    const known = `${kind} ${peer ?? ''}`
    const key = times.has(known) || times.size < PEERS_MAX ? known : kind
    const now = (times.get(key) ?? 0) + 1
    times.set(key, now)
    if (Number.isInteger(Math.log2(now))) {
      tell({ event: 'refusal', kind, peer: peer ?? null, reason, count })
    }
  }
}
