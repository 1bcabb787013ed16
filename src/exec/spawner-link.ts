/**
 * One spawner process, as the node sees it: start it, talk to it, learn of its end.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { extname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { FrameReader, encodeFrame } from './frames.ts'
import { leaveProcessAlone } from './processes.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest } from './spawner-messages.ts'

/** All that tasks see of the worker's environment. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR']
const LAST_WORDS_CHARACTERS = 2_000
const MAIN = fileURLToPath(new URL(`./spawner-main${extname(import.meta.url)}`, import.meta.url))

export interface SpawnerLinkEvents {
  onEvent(event: SpawnerEvent): void
  /** The process is gone; `why` is one line with its last words. Called once. */
  onGone(why: string): void
}

export class SpawnerLink {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #reader = new FrameReader<SpawnerEvent>()
  /** Resolves when the process and its pipes are gone. */
  readonly gone: Promise<void>
  #lastWords = ''

  constructor(init: SpawnerInit, events: SpawnerLinkEvents) {
    this.#child = spawn(process.execPath, [MAIN, JSON.stringify(init)], {
      // Its own session: the Ctrl-C of a terminal is for the node, which then ends it in order.
      detached: true,
      cwd: '/',
      env: passedOn(process.env),
      stdio: ['pipe', 'pipe', 'pipe']
    })
    leaveProcessAlone(this.#child)
    this.#child.stdin.on('error', (error) => this.#hear(error.message))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.stdout.on('data', (chunk: Buffer) => {
      for (const event of this.#reader.read(chunk)) events.onEvent(event)
    })
    this.gone = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#hear(error.message))
      this.#child.once('close', (code, signal) => {
        events.onGone(`${signal ?? `exit status ${code ?? 'unknown'}`} ${this.#lastLine()}`.trim())
        resolve()
      })
    })
  }

  send(request: SpawnerRequest): void {
    this.#child.stdin.write(encodeFrame(request))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(text: string): void {
    this.#lastWords = `${this.#lastWords}${text}\n`.slice(-LAST_WORDS_CHARACTERS)
  }

  #lastLine(): string {
    const lines = this.#lastWords.split('\n').map((line) => line.trim())
    return lines.find((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== '') ?? ''
  }
}

function passedOn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = PASSED_ON.map((name) => [name, environment[name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
