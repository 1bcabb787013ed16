/**
 * What `run` prints: outputs as they are, with tags if wanted, or one JSON object per event.
 */
import type { MasterNotice } from '../../core/master/events.ts'
import { payloadBytes } from '../../core/types.ts'
import type { Payload } from '../../core/types.ts'
import type { Context } from '../command.ts'
import { writeTogether } from '../json-outputs.ts'
import { jsonLine } from '../output.ts'
import type { Settled } from './printer.ts'
import type { Progress } from './progress.ts'
import type { Publication } from './publish.ts'
import { failureLine, resultEvent } from './result-lines.ts'
import { Tagger } from './tagger.ts'

const NEWLINE = 0x0a

type Read = (payload: Payload) => AsyncIterable<Uint8Array>

export interface RunOutput {
  print(settled: Settled, read: Read): Promise<void>
  onNotice?(notice: MasterNotice): void
  /** The last words, once everything is printed. */
  end?(): Promise<void>
}

/** How `run` with these flags prints. */
export function runOutput(
  flags: { readonly json: boolean; readonly tag: boolean },
  context: Context,
  publication: Publication,
  progress: Progress
): RunOutput {
  return flags.json
    ? new JsonOutput(context, publication)
    : new PlainOutput(context, progress, flags.tag)
}

class PlainOutput implements RunOutput {
  readonly #context: Context
  readonly #progress: Progress
  readonly #isTagged: boolean
  /** The last byte that a terminal got stands at the end of a line. */
  #isLineEnded = true

  constructor(context: Context, progress: Progress, isTagged: boolean) {
    this.#context = context
    this.#progress = progress
    this.#isTagged = isTagged
  }

  async print(settled: Settled, read: Read): Promise<void> {
    const { stdout, taskStderr, isTerminal } = this.#context
    const { result, input } = settled
    this.#progress.hold()
    if (payloadBytes(result.stdout) > 0) {
      await this.#copy(read(result.stdout), input, stdout, isTerminal.stdout)
    }
    if (payloadBytes(result.stderr) > 0) {
      await this.#copy(read(result.stderr), input, taskStderr, isTerminal.stderr)
    }
    // A command says itself why it failed; what it cannot know is said for it.
    const isExplained = result.outcome === 'failure' && result.exitCode !== undefined
    if (settled.state !== 'finished' && !isExplained) {
      this.#context.stderr(failureLine(settled))
      this.#isLineEnded = true
    }
    // Output without its last line's end would be erased by the next progress line.
    if (this.#isLineEnded) this.#progress.release()
  }

  async #copy(
    chunks: AsyncIterable<Uint8Array>,
    input: Uint8Array,
    write: (chunk: Uint8Array) => Promise<void>,
    isTerminal: boolean
  ): Promise<void> {
    const tagger = this.#isTagged ? new Tagger(input) : undefined
    for await (const chunk of chunks) {
      await write(tagger?.push(chunk) ?? chunk)
      if (isTerminal && chunk.length > 0) this.#isLineEnded = chunk.at(-1) === NEWLINE
    }
  }
}

/** One JSON object per event: what `run --json` and `node --jobs --json` print. */
export class JsonOutput implements RunOutput {
  readonly #context: Context
  readonly #publication: Publication

  constructor(context: Context, publication: Publication) {
    this.#context = context
    this.#publication = publication
  }

  async print(settled: Settled, read: Read): Promise<void> {
    await writeTogether(await resultEvent(settled, read), this.#context.stdout)
  }

  onNotice(notice: MasterNotice): void {
    for (const line of noticeLines(notice, this.#publication)) void this.#context.stdout(line)
  }

  async end(): Promise<void> {
    const { finished, failed, canceled } = this.#publication.tally
    await this.#context.stdout(jsonLine({ event: 'end', finished, failed, canceled }))
  }
}

/** The events of a master as lines of JSON; results have lines of their own. */
export function* noticeLines(notice: MasterNotice, publication: Publication): Generator<string> {
  if (notice.type === 'dispatched' || notice.type === 'started') {
    const { worker } = notice
    const name = publication.nameOf(worker)
    for (const { task, attempt } of notice.attempts) {
      yield jsonLine({ event: notice.type, task, attempt, worker, name })
    }
  } else if (notice.type === 'setback') {
    const { task, attempt, worker, reason, delayMs } = notice
    const name = publication.nameOf(worker)
    yield jsonLine({ event: 'retry', task, attempt, worker, name, reason, delayMs })
  } else if (notice.type === 'joined') {
    const { worker, name, slots } = notice
    yield jsonLine({ event: 'worker', worker, name, status: 'joined', slots })
  } else if (notice.type === 'parted') {
    const { worker, name, reason } = notice
    yield jsonLine({ event: 'worker', worker, name, status: 'parted', reason })
  } else if (notice.type === 'resting') {
    const { worker, name, restMs } = notice
    yield jsonLine({ event: 'worker', worker, name, status: 'resting', restMs })
  }
}
