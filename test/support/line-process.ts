/**
 * A child process that is watched line by line, and always ended by its own id.
 *
 * Tests wait for what a process prints, never for time to pass; a line that does not come fails
 * the test with all that was printed until then.
 */
import { createInterface } from 'node:readline'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

/** How a process ended: one of the two is null. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export type JsonLine = Readonly<Record<string, unknown>>

const WAIT_MS = 20_000
const KILL_AFTER_MS = 5_000
const AGAIN_MS = 300

interface Waiter {
  readonly looksFor: (line: string) => boolean
  readonly resolve: (line: string) => void
}

export class LineProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when the process has ended and all it printed was read; never rejects. */
  readonly ended: Promise<Ending>
  /** All lines of stdout until now. */
  readonly lines: string[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #lookers = new Set<() => void>()
  #stdout = ''
  #stderr = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }))
      child.on('error', (error) => {
        this.#stderr += String(error)
        resolve({ code: null, signal: null })
      })
    })
    // A process that ends early breaks its pipe; the test sees that by `ended`.
    // A program may end without a look at what it is given.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#stderr += String(error)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      for (const look of [...this.#lookers]) look()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString('latin1')
      for (const look of [...this.#lookers]) look()
    })
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line))
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`not started: ${this.#stderr}`)
    return this.child.pid
  }

  /** All of stderr until now. */
  get stderr(): string {
    return this.#stderr
  }

  /** All of stdout until now, one character for each byte. */
  get text(): string {
    return this.#stdout
  }

  /** All lines of stdout until now that hold a JSON object. */
  get json(): JsonLine[] {
    return this.lines.map(jsonOf).filter((line) => line !== undefined)
  }

  /** What is looked for on stderr, printed before or after this call. */
  async stderrMatch(looksFor: RegExp, waitMs = WAIT_MS): Promise<RegExpExecArray> {
    return await this.#match(() => this.#stderr, looksFor, waitMs)
  }

  /** The same on stdout, of which a line need not be whole: a prompt. */
  async textMatch(looksFor: RegExp, waitMs = WAIT_MS): Promise<RegExpExecArray> {
    return await this.#match(() => this.#stdout, looksFor, waitMs)
  }

  async #match(text: () => string, looksFor: RegExp, waitMs: number): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#lookers.delete(look)
      }
      const look = (): void => {
        const found = looksFor.exec(text())
        if (found === null) return
        end()
        resolve(found)
      }
      const fail = (why: string): void => {
        end()
        reject(new Error(`${why}: ${String(looksFor)}\n${this.transcript()}`))
      }
      const timer = setTimeout(() => fail(`not printed within ${waitMs} ms`), waitMs)
      this.#lookers.add(look)
      look()
      void this.ended.then(() => fail('the process ended without it'))
    })
  }

  /** The first line, printed before or after this call, that matches. */
  async line(looksFor: RegExp | ((line: string) => boolean), waitMs = WAIT_MS): Promise<string> {
    const matches =
      typeof looksFor === 'function' ? looksFor : (text: string) => looksFor.test(text)
    return this.lines.find(matches) ?? (await this.nextLine(matches, waitMs))
  }

  /** The first JSON line, printed before or after this call, that matches. */
  async jsonLine(matches: (line: JsonLine) => boolean, waitMs = WAIT_MS): Promise<JsonLine> {
    return JSON.parse(await this.line(onJson(matches), waitMs)) as JsonLine
  }

  /** The first JSON line printed from now on that matches. */
  async nextJsonLine(matches: (line: JsonLine) => boolean, waitMs = WAIT_MS): Promise<JsonLine> {
    return JSON.parse(await this.nextLine(onJson(matches), waitMs)) as JsonLine
  }

  /** The first line printed from now on that matches. */
  async nextLine(looksFor: (line: string) => boolean, waitMs = WAIT_MS): Promise<string> {
    return await new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const fail = (why: string): void => {
        settle()
        reject(new Error(`${why}\n${this.transcript()}`))
      }
      const timer = setTimeout(() => fail(`no such line within ${waitMs} ms`), waitMs)
      const waiter: Waiter = {
        looksFor,
        resolve: (line) => {
          settle()
          resolve(line)
        }
      }
      this.#waiters.add(waiter)
      void this.ended.then(() => fail('the process ended without such a line'))
    })
  }

  /** All that was printed, for messages of failed tests. */
  transcript(): string {
    return `--- stdout\n${this.lines.join('\n')}\n--- stderr\n${this.#stderr}`
  }

  /** Sends a signal to this process, by its own id. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal)
  }

  /** Signals the process again and again until it has ended: what comes close together counts once. */
  async signalUntilEnded(signal: NodeJS.Signals): Promise<Ending> {
    const again = setInterval(() => this.kill(signal), AGAIN_MS)
    const ending = await this.ended
    clearInterval(again)
    return ending
  }

  /** Asks the process to end, kills it if it does not, and returns how it ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    // A stopped process takes no other signal until it is continued.
    this.kill('SIGCONT')
    this.kill(signal)
    const timer = setTimeout(() => this.kill('SIGKILL'), KILL_AFTER_MS)
    const ending = await this.ended
    clearTimeout(timer)
    return ending
  }

  #onLine(line: string): void {
    this.lines.push(line)
    for (const waiter of [...this.#waiters]) if (waiter.looksFor(line)) waiter.resolve(line)
  }
}

function onJson(matches: (line: JsonLine) => boolean): (line: string) => boolean {
  return (text) => {
    const line = jsonOf(text)
    return line !== undefined && matches(line)
  }
}

function jsonOf(text: string): JsonLine | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as JsonLine
  } catch {
    // Not a JSON line after all: shell tasks may print anything.
    return undefined
  }
}
