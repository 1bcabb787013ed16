/**
 * When to ask, when to answer, and how much to listen to: the decisions of multicast discovery.
 *
 * Each question is answered by every node and heard by every node, so that traffic grows with the
 * square of their number; and anybody on the LAN may talk as much as they like. Pure: time and
 * chance are passed in.
 */
import type { Millis } from '../core/types.ts'

// Questions at 0, 0.25, 0.5, 1 and 2 s, for whoever starts at the same moment; then ever fewer.
const QUESTION_DELAYS_MS = [250, 250, 500, 1_000, 5_000, 10_000, 20_000, 40_000]
const QUESTION_DELAY_MAX_MS = 60_000

// Within this time after an answer nobody needs to hear it again (RFC 6762 asks for a second).
const ANSWER_PAUSE_MS = 500
// Nodes that have just answered spread their next answers, or all would speak at one instant.
const ANSWER_SPREAD_MS = 100
const ANSWER_QUIET_MS = 10_000

// Ordinary answers have 200 to 400 bytes. To decode one of 9,000 bytes made with malice takes
// 3.5 ms, as the names in it may point at each other: the square of its size.
const DATAGRAM_BYTES_MAX = 9_000
const DATAGRAM_BYTES_ORDINARY = 512
const TOKENS_PER_SECOND = 500
const TOKENS_MAX = 1_000

/** How long after the `asked`-th question (1, 2, ...) to ask again; `random` is in [0, 1). */
export function questionDelayMs(asked: number, random: number): Millis {
  const delay = QUESTION_DELAYS_MS[asked - 1] ?? QUESTION_DELAY_MAX_MS
  return Math.round(delay * (0.8 + 0.4 * random))
}

/** How long to wait before answering, if this node last answered at `answeredAt` on the interface. */
export function answerDelayMs(now: Millis, answeredAt: Millis | undefined, random: number): Millis {
  if (answeredAt === undefined || now - answeredAt >= ANSWER_QUIET_MS) return 0
  const pause = Math.max(0, answeredAt + ANSWER_PAUSE_MS - now)
  return Math.round(pause + ANSWER_SPREAD_MS * random)
}

/** A token bucket in front of the decoder. */
export class Inlet {
  #tokens = TOKENS_MAX
  #filledAt: Millis

  constructor(now: Millis) {
    this.#filledAt = now
  }

  /** True if a datagram of this size may be decoded; it is then paid for. */
  admits(bytes: number, now: Millis): boolean {
    if (bytes > DATAGRAM_BYTES_MAX) return false
    const filled = this.#tokens + ((now - this.#filledAt) * TOKENS_PER_SECOND) / 1_000
    this.#tokens = Math.min(TOKENS_MAX, filled)
    this.#filledAt = now
    const cost = Math.max(1, (bytes / DATAGRAM_BYTES_ORDINARY) ** 2)
    if (cost > this.#tokens) return false
    this.#tokens -= cost
    return true
  }
}
