/**
 * One task in its child, from its beginning to its end: what it prints, what it says of its
 * progress, and what it is told of itself.
 */
import { CHUNK_BYTES, INLINE_BYTES_MAX } from '../../../core/limits.ts'
import { encodeValue } from '../../../values/encode.ts'
import { STREAMS, writeEnd, writeOutput, writeProgress } from '../child-messages.ts'
import type { ChildOrder } from '../child-messages.ts'
import { nowMs, timeOrigin } from './clock.ts'
import type { Outbox } from './outbox.ts'

const STDOUT = STREAMS.indexOf('stdout')
const STDERR = STREAMS.indexOf('stderr')
const VALUE = STREAMS.indexOf('value')
/** How often progress is told, at most. */
const PROGRESS_MS = 50
/** How long what is printed waits for more, at most. */
const OUTPUT_MS = 50
const NOTHING = new Uint8Array(0)

/** What a function is told of its task: as `this`, and under `p2pjobs.context`. */
export class TaskContext {
  readonly #task: RunningTask

  constructor(task: RunningTask) {
    this.#task = task
  }

  get job(): number {
    return this.#task.order.job
  }

  get task(): number {
    return this.#task.order.task
  }

  get attempt(): number {
    return this.#task.order.attempt
  }

  get signal(): AbortSignal {
    return this.#task.signal
  }

  /** A function that needs no `this`. */
  get progress(): (value: unknown) => void {
    return (value) => this.#task.tellProgress(value)
  }
}

export interface Ending {
  /** In one line; empty: all calls succeeded. */
  readonly reason: string
  /** Outcomes, encoded. */
  readonly value: Uint8Array
}

export class RunningTask {
  readonly order: ChildOrder
  readonly context: TaskContext
  readonly startedMs: number
  /** When its function was called: loading code is not what the next task will take. */
  calledMs: number
  hasEnded = false
  readonly #outbox: Outbox
  #abortion: AbortController | undefined
  #printed: [Uint8Array[], Uint8Array[]] | undefined
  #printedBytes = 0
  #unsentBytes = 0
  /** When the first that was not sent was printed. */
  #printedMs: number | undefined
  #outputTimer: NodeJS.Timeout | undefined
  #progress: Uint8Array | undefined
  #progressMs = -Infinity
  #progressTimer: NodeJS.Timeout | undefined

  constructor(order: ChildOrder, outbox: Outbox) {
    this.order = order
    this.#outbox = outbox
    this.context = new TaskContext(this)
    this.startedMs = nowMs()
    this.calledMs = this.startedMs
  }

  get signal(): AbortSignal {
    this.#abortion ??= new AbortController()
    return this.#abortion.signal
  }

  /** False if nobody can hear it: the signal was never asked for. */
  abort(): boolean {
    this.#abortion?.abort()
    return this.#abortion !== undefined
  }

  /** Takes what the task prints; false once that is more than it may. */
  print(isStderr: boolean, bytes: Uint8Array): boolean {
    const room = this.order.outputBytesMax - this.#printedBytes
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes
    this.#printed ??= [[], []]
    this.#printed[isStderr ? STDERR : STDOUT]?.push(kept)
    this.#printedBytes += kept.length
    this.#unsentBytes += kept.length
    if (this.#unsentBytes >= CHUNK_BYTES) this.sendOutput()
    else this.#sendOutputSoon()
    return bytes.length <= room
  }

  /**
   * Somebody may follow: nothing stays here for long. A task that is at work without a pause runs
   * no timer, and sends at the next that it prints.
   */
  #sendOutputSoon(): void {
    const now = nowMs()
    this.#printedMs ??= now
    if (now - this.#printedMs >= OUTPUT_MS) this.sendOutput()
    else this.#outputTimer ??= setTimeout(() => this.sendOutput(), OUTPUT_MS)
  }

  /** Sends what has been printed so far. */
  sendOutput(): void {
    clearTimeout(this.#outputTimer)
    this.#outputTimer = undefined
    this.#printedMs = undefined
    this.#sendLong(STDOUT, this.#takePrinted(STDOUT))
    this.#sendLong(STDERR, this.#takePrinted(STDERR))
    this.#unsentBytes = 0
    this.#outbox.flush()
  }

  /** Throws what the value cannot be sent for. */
  tellProgress(value: unknown): void {
    const bytes = encodeValue(value, 'progress')
    if (bytes.length > INLINE_BYTES_MAX) {
      throw new RangeError(
        `progress of ${bytes.length} bytes is more than the ${INLINE_BYTES_MAX} it may have; return large values`
      )
    }
    if (this.hasEnded) return
    this.#progress = bytes
    const waitMs = this.#progressMs + PROGRESS_MS - nowMs()
    if (waitMs <= 0) this.#sendProgress()
    else this.#progressTimer ??= setTimeout(() => this.#sendProgress(), waitMs)
  }

  /** Reports the end, behind all that was said before. Nothing is flushed. */
  end({ reason, value }: Ending, endedMs: number): void {
    this.hasEnded = true
    if (this.#progress !== undefined) this.#sendProgress()
    clearTimeout(this.#progressTimer)
    clearTimeout(this.#outputTimer)
    const isLong = value.length > CHUNK_BYTES
    if (isLong) this.#sendLong(VALUE, value)
    writeEnd(this.#outbox, {
      seq: this.order.seq,
      isSuccess: reason === '',
      startedAt: timeOrigin + this.startedMs,
      runtimeMs: endedMs - this.calledMs,
      reason,
      stdout: this.#takePrinted(STDOUT),
      stderr: this.#takePrinted(STDERR),
      value: isLong ? NOTHING : value
    })
  }

  #sendProgress(): void {
    clearTimeout(this.#progressTimer)
    this.#progressTimer = undefined
    this.#progressMs = nowMs()
    writeProgress(this.#outbox, this.order.seq, this.#progress ?? NOTHING)
    this.#progress = undefined
    this.#outbox.flush()
  }

  #takePrinted(stream: number): Uint8Array {
    const pieces = this.#printed?.[stream]
    if (pieces === undefined || pieces.length === 0) return NOTHING
    const bytes = Buffer.concat(pieces)
    pieces.length = 0
    return bytes
  }

  /** In frames of a size that can be read in one piece. */
  #sendLong(stream: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += INLINE_BYTES_MAX) {
      writeOutput(this.#outbox, this.order.seq, stream, bytes.subarray(at, at + INLINE_BYTES_MAX))
    }
  }
}
