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

  /** Shows nothing unless stderr is a terminal, and nobody types there. */
  constructor(
    { stderr, isTerminal }: Pick<Context, 'stderr' | 'isTerminal'>,
    line: () => string,
    isTyping = false
  ) {
    this.#write = stderr
    this.#line = line
    if (isTerminal.stderr && !isTyping) {
      this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
    }
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
