/**
 * The progress line: one line on a terminal, written over again and again, gone at the end.
 */
import type { Context } from '../command.ts'

const INTERVAL_MS = 200

export class Progress {
  readonly #write: (text: string) => void
  readonly #line: () => string
  #timer: NodeJS.Timeout | undefined
  #isShown = false

  /** Shows nothing unless stderr is a terminal. */
  constructor(context: Context, line: () => string) {
    this.#write = (text) => context.stderr(text)
    this.#line = line
    if (context.isTerminal.stderr) this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (!this.#isShown) return
    this.#isShown = false
    this.#write('\r\x1b[K')
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.clear()
  }

  #show(): void {
    this.#isShown = true
    this.#write(`\r\x1b[K${this.#line()}`)
  }
}
