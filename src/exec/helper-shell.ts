/**
 * One persistent `/bin/sh` that runs one script after the other, for one slot.
 *
 * A small shell forks several times faster than a Node process. It leads its own session and
 * process group, so that a task's whole group can be signalled; it outlives TERM by a handler
 * (which its children do not inherit, unlike an ignored signal).
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { toError } from '../core/errors.ts'
import { sendSignal } from './processes.ts'
import { quotedText } from './quoting.ts'
import type { ShellEnd } from './verdict.ts'

/** A notice of bash repeats the whole command: as long as a command line, and a little. */
const NOTICE_CHARACTERS_MAX = 256 * 1024
/** The file descriptor from which a script reads its permit. */
export const PERMITS = 9
/** Messages in plain English for the shell itself; not exported, so no task sees it. */
const PROLOGUE = 'exec 2>&1\nLC_ALL=C\ntrap : TERM INT HUP\n'

const ZERO: ShellEnd = { type: 'status', status: 0, notice: '' }

export interface HelperShellInit {
  readonly shell: string
  readonly environment: Readonly<Record<string, string>>
  /** See JobScript.token. */
  readonly token: string
  /** A named pipe with a line for each script that may run; scripts read it as PERMITS. */
  readonly permits: string
}

export interface HelperShellEvents {
  /** The script that was written first, of those that have not ended, has ended. */
  onStatus(end: ShellEnd): void
  /** The shell is gone; it never comes back. */
  onDeath(end: ShellEnd): void
}

export class HelperShell {
  readonly #events: HelperShellEvents
  readonly #statusLine: RegExp
  /** What it says nearly always: recognized without making text of it. */
  readonly #zero: Buffer
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined
  #said = ''
  #error: Error | undefined
  #isUsable = true

  constructor(init: HelperShellInit, events: HelperShellEvents) {
    this.#events = events
    this.#statusLine = new RegExp(`\\n${init.token} ([0-9]+)\\n`)
    this.#zero = Buffer.from(`\n${init.token} 0\n`)
    try {
      this.#child = spawn(init.shell, [], {
        detached: true,
        cwd: '/',
        env: init.environment,
        stdio: ['pipe', 'pipe', 'ignore']
      })
    } catch (error) {
      this.#error = toError(error)
      setImmediate(() => events.onDeath(this.#deathOf(null, null)))
      return
    }
    this.#listen(this.#child, init.permits)
  }

  /** The process group of what it runs; undefined if it could not be started. */
  get group(): number | undefined {
    return this.#child?.pid
  }

  /** False once it is dead or sure to die. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** Writes script text that ends with one status line; it is run after what was written before. */
  run(script: Uint8Array): void {
    this.#child?.stdin.write(script)
  }

  /** Ends the shell and everything left in its group, at once. */
  kill(): void {
    this.#isUsable = false
    if (this.group !== undefined) sendSignal(-this.group, 'SIGKILL')
  }

  #listen(child: ChildProcessByStdio<Writable, Readable, null>, permits: string): void {
    child.on('error', (error) => (this.#error = error))
    // A write to a shell that has just died: its death is reported by `close`.
    child.stdin.on('error', (error) => (this.#error ??= error))
    child.stdout.on('data', (chunk: Buffer) => this.#hear(chunk))
    child.once('exit', () => (this.#isUsable = false))
    child.once('close', (code, signal) => this.#events.onDeath(this.#deathOf(code, signal)))
    child.stdin.write(`${PROLOGUE}exec ${PERMITS}<${quotedText(permits)}\n`)
  }

  #hear(chunk: Buffer): void {
    if (this.#said === '' && chunk.equals(this.#zero)) {
      this.#events.onStatus(ZERO)
      return
    }
    this.#said += chunk.toString('latin1')
    for (
      let found = this.#statusLine.exec(this.#said);
      found !== null;
      found = this.#statusLine.exec(this.#said)
    ) {
      const notice = this.#said.slice(0, found.index).slice(-NOTICE_CHARACTERS_MAX).trim()
      this.#said = this.#said.slice(found.index + found[0].length)
      this.#events.onStatus({ type: 'status', status: Number(found[1]), notice })
    }
    this.#said = this.#said.slice(-NOTICE_CHARACTERS_MAX)
  }

  #deathOf(code: number | null, signal: NodeJS.Signals | null): ShellEnd {
    this.#isUsable = false
    if (signal !== null) return { type: 'signal', signal }
    const said = this.#said.trim().replace(/\s+/g, ' ')
    const why = said === '' ? (this.#error?.message ?? `exit status ${code ?? 'unknown'}`) : said
    return { type: 'broken', reason: `the shell that runs tasks could not go on: ${why}` }
  }
}
