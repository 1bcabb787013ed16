/**
 * The output of one task: two pipes while it runs, what was printed when it has ended.
 */
import { toError } from '../core/errors.ts'
import { Collector, shareOfCap } from './collector.ts'
import type { Output, OutputRange } from './executor.ts'
import { STREAMS } from './pipe-pair.ts'
import type { PipePair, Stream } from './pipe-pair.ts'

const NOTHING = new Uint8Array(0)

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
  /** Something was printed. */
  onPrinted(stream: Stream): void
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
      this.#init.pair[stream].listen((chunk) => this.#add(stream, chunk))
    }
  }

  /** What was printed so far of a part. */
  read({ stream, offset, bytesMax }: OutputRange): Uint8Array {
    return this.#collectors[stream]?.read(offset, bytesMax) ?? NOTHING
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
      pair[stream].finish((chunk) => this.#add(stream, chunk))
    )
    pair.isFree = true
    return leavers.filter((leave) => leave !== undefined)
  }

  /** All that was printed, if it is little. */
  takeLittle(): Printed | undefined {
    const { stdout, stderr } = this.#collectors
    if (stdout?.isLittle === false || stderr?.isLittle === false || this.#isTooMuch())
      return undefined
    return {
      isCut: false,
      stdout: stdout?.takeLittle(stdout.bytes) ?? NOTHING,
      stderr: stderr?.takeLittle(stderr.bytes) ?? NOTHING
    }
  }

  /**
   * Whatever was printed, large output as `<handover>.stdout` and `<handover>.stderr`. Rejects if
   * it could not be kept.
   */
  async takeMuch(handover: string): Promise<Printed> {
    const { stdout, stderr } = this.#collectors
    if (this.#error !== undefined) {
      stdout?.drop()
      stderr?.drop()
      throw this.#error
    }
    const kept = shareOfCap(stdout?.bytes ?? 0, stderr?.bytes ?? 0, this.#init.bytesMax)
    return {
      isCut: this.#isTooMuch(),
      stdout: (await stdout?.take(kept.stdout, `${handover}.stdout`)) ?? NOTHING,
      stderr: (await stderr?.take(kept.stderr, `${handover}.stderr`)) ?? NOTHING
    }
  }

  #isTooMuch(): boolean {
    const { stdout, stderr } = this.#collectors
    const bytes = (stdout?.bytes ?? 0) + (stderr?.bytes ?? 0)
    return this.#error !== undefined || bytes > this.#init.bytesMax
  }

  #add(stream: Stream, chunk: Uint8Array): void {
    const { files, bytesMax } = this.#init
    const collector = (this.#collectors[stream] ??= new Collector(`${files}.${stream}`, bytesMax))
    const wasTooMuch = this.#isTooMuch()
    try {
      collector.add(chunk)
    } catch (error) {
      this.#error ??= toError(error)
    }
    if (!wasTooMuch && this.#isTooMuch()) this.#init.onTooMuch()
    this.#init.onPrinted(stream)
  }
}
