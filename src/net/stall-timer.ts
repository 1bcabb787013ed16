/** Gives a transfer up that does not move: it may last as long as it moves. */
import { P2pJobsError } from '../core/errors.ts'
import type { Millis } from '../core/types.ts'
import type { FrameStream } from './frame-stream.ts'

/** How long a transfer may stand still. */
export const STALL_MS = 30_000

export class StallTimer {
  readonly #frames: FrameStream
  readonly #stallMs: Millis
  #timer: NodeJS.Timeout | undefined

  constructor(frames: FrameStream, stallMs: Millis) {
    this.#frames = frames
    this.#stallMs = stallMs
  }

  /** Something has come, or gone. */
  moves(): void {
    if (this.#timer !== undefined) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#giveUp(), this.#stallMs)
  }

  /** Nothing has to move, until `moves` is called again. */
  rests(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #giveUp(): void {
    this.#frames.abort(new P2pJobsError('UNREACHABLE', 'the transfer of a blob does not move'))
  }
}
