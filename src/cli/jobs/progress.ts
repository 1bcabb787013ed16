/**
 * The progress line: one line on a terminal, written over again and again, gone at the end.
 */
import type { Context } from '../command.ts'
import type { Publication } from './publish.ts'

const INTERVAL_MS = 200
const ERASE = '\r\x1b[K'

export class Progress {
  readonly #write: (text: string) => void
  readonly #line: () => string
  #timer: NodeJS.Timeout | undefined
  #isShown = false
  #isHeld = false

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

  /** Takes the line away, so that something else can be printed in its place. */
  clear(): void {
    if (!this.#isShown) return
    this.#isShown = false
    this.#write(ERASE)
  }

  /** Takes the line away until `release`: something else is being printed. */
  hold(): void {
    this.clear()
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.clear()
  }

  #show(): void {
    if (this.#isHeld) return
    this.#isShown = true
    this.#write(ERASE + this.#line())
  }
}

/** How far a job is. */
export function progressLine({
  tally,
  total,
  running,
  workers
}: Pick<Publication, 'tally' | 'total' | 'running' | 'workers'>): string {
  const done = tally.finished + tally.failed
  const all = total.isComplete ? `${total.inputs}` : `${total.inputs}+`
  const failed = tally.failed > 0 ? `, ${tally.failed} failed` : ''
  const where = `${workers} worker${workers === 1 ? '' : 's'}`
  return `${done}/${all} done${failed}, ${running} running on ${where}`
}
