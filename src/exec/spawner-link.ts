/**
 * One spawner process, as the node sees it: start it, talk to it, learn of its end.
 */
import { FrameReader, encodeFrame } from './frames.ts'
import { LastWords } from './last-words.ts'
import { leaveProcessAlone } from './processes.ts'
import { packRequest, unpackEvent } from './spawner-codec.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest } from './spawner-messages.ts'
import { spawnerProcess } from './spawner-process.ts'
import type { SpawnerProcess } from './spawner-process.ts'

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
  readonly #lastWords = new LastWords()

  constructor(init: SpawnerInit, events: SpawnerLinkEvents) {
    this.#child = spawnerProcess()
    leaveProcessAlone(this.#child)
    this.#child.stdin.on('error', (error) => this.#lastWords.add(error.message))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#lastWords.add(text))
    this.#child.stdout.on('data', (chunk: Buffer) => {
      for (const event of this.#reader.read(chunk)) events.onEvent(event)
    })
    this.gone = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#lastWords.add(error.message))
      this.#child.once('close', (code, signal) => {
        const how = signal ?? `exit status ${code ?? 'unknown'}`
        events.onGone(`${how} ${this.#lastWords.line}`.trim(), code === 0)
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
}
