/**
 * What `node --jobs` prints for people: what it dispatched, and what came back, from whom.
 *
 *     dispatched 1 to lab1: factor 1000001
 *     finished 1 on lab1 in 4 ms
 *     1000001: 101 9901
 */
import type { MasterNotice } from '../../core/master/events.ts'
import type { Payload } from '../../core/types.ts'
import type { Context } from '../command.ts'
import { escapeText } from '../output.ts'
import type { Settled } from './printer.ts'
import type { Publication } from './publish.ts'
import type { RunOutput } from './run-output.ts'

const NEWLINE = 0x0a

/** What it needs to know of the job. */
type Followed = Pick<Publication, 'nameOf' | 'inputOf' | 'tally'>

export class JobsOutput implements RunOutput {
  readonly #context: Context
  readonly #publication: Followed
  /** Lines that wait until the output that is being printed is whole. */
  readonly #held: string[] = []
  #isPrinting = false

  constructor(context: Context, publication: Followed) {
    this.#context = context
    this.#publication = publication
  }

  onNotice(notice: MasterNotice): void {
    if (notice.type === 'dispatched') {
      const name = escapeText(this.#publication.nameOf(notice.worker))
      for (const { task } of notice.attempts) {
        const command = escapeText(Buffer.from(this.#publication.inputOf(task)).toString())
        this.#say(`dispatched ${task} to ${name}: ${command}\n`)
      }
    } else if (notice.type === 'setback') {
      const { task, worker, reason } = notice
      const name = escapeText(this.#publication.nameOf(worker))
      this.#say(`took ${task} back from ${name}: ${escapeText(reason)}\n`)
    }
  }

  async print(
    settled: Settled,
    read: (payload: Payload) => AsyncIterable<Uint8Array>
  ): Promise<void> {
    const { stdout, taskStderr } = this.#context
    const { task, state, name, result } = settled
    const where = name === '' ? '' : ` on ${escapeText(name)}`
    const reason = result.reason === '' ? '' : `: ${escapeText(result.reason)}`
    this.#isPrinting = true
    try {
      await stdout(`${state} ${task}${where} in ${result.runtimeMs} ms${reason}\n`)
      await copyLines(read(result.stdout), stdout)
      await copyLines(read(result.stderr), taskStderr)
    } finally {
      this.#isPrinting = false
      for (const line of this.#held.splice(0)) void stdout(line)
    }
  }

  end(): Promise<void> {
    const { finished, failed, canceled } = this.#publication.tally
    const tasks = finished === 1 ? 'task' : 'tasks'
    const notDone = canceled > 0 ? `, ${canceled} canceled` : ''
    this.#context.stderr(`p2pjobs: ${finished} ${tasks} finished, ${failed} failed${notDone}\n`)
    return Promise.resolve()
  }

  #say(line: string): void {
    if (this.#isPrinting) this.#held.push(line)
    else void this.#context.stdout(line)
  }
}

/** Copies output, and ends its last line: the next thing said begins a new one. */
async function copyLines(
  chunks: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>
): Promise<void> {
  let last = NEWLINE
  for await (const chunk of chunks) {
    await write(chunk)
    last = chunk.at(-1) ?? last
  }
  if (last !== NEWLINE) await write(Uint8Array.of(NEWLINE))
}
