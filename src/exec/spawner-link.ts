/**
 * One spawner process, as the node sees it: start it, talk to it, learn of its end.
 */
import { FrameReader, encodeFrame } from './frames.ts'
import { leaveProcessAlone } from './processes.ts'
import { packRequest, unpackEvent } from './spawner-codec.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest } from './spawner-messages.ts'
import { spawnerProcess } from './spawner-process.ts'
import type { SpawnerProcess } from './spawner-process.ts'

const LAST_WORDS_CHARACTERS = 2_000

export interface SpawnerLinkEvents {
  onEvent(event: SpawnerEvent): void
  /**
   * The process is gone; `why` is one line with its last words. Called once. `isInOrder`: it has
   * ended its tasks and removed its files.
   */
  onGone(why: string, isInOrder: boolean): void
}

export class SpawnerLink {
  readonly #child: SpawnerProcess
  readonly #reader = new FrameReader(unpackEvent)
  /** Resolves when the process and its pipes are gone. */
  readonly gone: Promise<void>
  #lastWords = ''

  constructor(init: SpawnerInit, events: SpawnerLinkEvents) {
    this.#child = spawnerProcess()
    leaveProcessAlone(this.#child)
    this.#child.stdin.on('error', (error) => this.#hear(error.message))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.stdout.on('data', (chunk: Buffer) => {
      for (const event of this.#reader.read(chunk)) events.onEvent(event)
    })
    this.gone = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#hear(error.message))
      this.#child.once('close', (code, signal) => {
        const how = signal ?? `exit status ${code ?? 'unknown'}`
        events.onGone(`${how} ${this.#lastLine()}`.trim(), code === 0)
        resolve()
      })
    })
    this.send({ type: 'init', init })
  }

  send(request: SpawnerRequest): void {
    this.#child.stdin.write(encodeFrame(packRequest(request)))
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
