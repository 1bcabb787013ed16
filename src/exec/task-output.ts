/**
 * The output of one task: two pipes while it runs, what was printed when it has ended.
 */
import { toError } from '../core/errors.ts'
import { Collector, shareOfCap } from './collector.ts'
import type { Output } from './executor.ts'
import { OutputPipe } from './output-pipe.ts'

const NOTHING = new Uint8Array(0)
const STREAMS = ['stdout', 'stderr'] as const
type Stream = (typeof STREAMS)[number]

/** Two pipes that serve one task at a time. */
export class PipePair {
  readonly pipes: Readonly<Record<Stream, OutputPipe>>
  isFree = true

  /** @param paths named pipes */
  constructor(paths: Readonly<Record<Stream, string>>) {
    this.pipes = { stdout: new OutputPipe(paths.stdout), stderr: new OutputPipe(paths.stderr) }
  }
}

export interface Printed {
  /** There was more than may be kept. */
  readonly isCut: boolean
  readonly stdout: Output
  readonly stderr: Output
}

export interface TaskOutputInit {
  readonly pair: PipePair
  /** Where large output goes meanwhile: `<files>.stdout` and `<files>.stderr`. */
  readonly files: string
  readonly bytesMax: number
  /** The task prints more than is kept, or what it prints cannot be kept. */
  onTooMuch(): void
}

export class TaskOutput {
  readonly #init: TaskOutputInit
  readonly #collectors: Partial<Record<Stream, Collector>> = {}
  #error: Error | undefined

  /** Takes the pair; `finish` or `giveUp` frees it. */
  constructor(init: TaskOutputInit) {
    this.#init = init
    init.pair.isFree = false
  }

  /** Reads what the task prints as it comes: a pipe holds only so much. */
  listen(): void {
    for (const stream of STREAMS) {
      this.#init.pair.pipes[stream].listen((chunk) => this.#add(stream, chunk))
    }
  }

  /** The task did not begin. */
  giveUp(): void {
    this.#init.pair.isFree = true
  }

  /**
   * The task has ended: reads what is left. Returns how to leave the pipes alone that processes
   * which outlived it still have.
   */
  finish(): (() => void)[] {
    const { pair } = this.#init
    const leavers = STREAMS.map((stream) =>
      pair.pipes[stream].finish((chunk) => this.#add(stream, chunk))
    )
    pair.isFree = true
    return leavers.filter((leave) => leave !== undefined)
  }

  /** All that was printed, if it is little. */
  takeLittle(): Printed | undefined {
    const { stdout, stderr } = this.#collectors
    if (stdout?.isLittle === false || stderr?.isLittle === false || this.#isTooMuch)
      return undefined
    return {
      isCut: false,
      stdout: stdout?.takeLittle(stdout.bytes) ?? NOTHING,
      stderr: stderr?.takeLittle(stderr.bytes) ?? NOTHING
    }
  }

  /** Whatever was printed; rejects if it could not be kept. */
  async takeMuch(handover: string): Promise<Printed> {
    const { stdout, stderr } = this.#collectors
    if (this.#error !== undefined) {
      stdout?.drop()
      stderr?.drop()
      throw this.#error
    }
    const kept = shareOfCap(stdout?.bytes ?? 0, stderr?.bytes ?? 0, this.#init.bytesMax)
    return {
      isCut: this.#isTooMuch,
      stdout: (await stdout?.take(kept.stdout, `${handover}.stdout`)) ?? NOTHING,
      stderr: (await stderr?.take(kept.stderr, `${handover}.stderr`)) ?? NOTHING
    }
  }

  get #isTooMuch(): boolean {
    if (this.#error !== undefined) return true
    const { stdout, stderr } = this.#collectors
    return (stdout?.bytes ?? 0) + (stderr?.bytes ?? 0) > this.#init.bytesMax
  }

  #add(stream: Stream, chunk: Uint8Array): void {
    const { files, bytesMax, onTooMuch } = this.#init
    this.#collectors[stream] ??= new Collector(`${files}.${stream}`, bytesMax)
    const before = this.#isTooMuch
    try {
      this.#collectors[stream].add(chunk)
    } catch (error) {
      this.#error ??= toError(error)
    }
    if (!before && this.#isTooMuch) onTooMuch()
  }
}
