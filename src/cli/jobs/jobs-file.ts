/**
 * `p2pjobs node --master --jobs FILE`: every line of the file is a task. It prints what it
 * dispatched, and what came back, from whom.
 */
import { access, constants } from 'node:fs/promises'
import { P2pJobsError, toError } from '../../core/errors.ts'
import { OUTPUT_BYTES_MAX } from '../../core/limits.ts'
import type { MasterNotice } from '../../core/master/events.ts'
import type { MasterRole } from '../../node/master-role.ts'
import type { Payload } from '../../core/types.ts'
import type { Context } from '../command.ts'
import { escapeText } from '../output.ts'
import { commandLines } from './inputs.ts'
import type { Settled } from './printer.ts'
import { Publication } from './publish.ts'
import { resultEvent } from './result-lines.ts'
import { noticeLines } from './run-output.ts'

export class JobsFile {
  readonly #file: string
  readonly #isJson: boolean
  readonly #context: Context
  readonly #publication: Publication

  /** Throws BAD_INPUT for a file that cannot be read, before anything is started. */
  static async open(file: string, isJson: boolean, context: Context): Promise<JobsFile> {
    if (file !== '-') {
      try {
        await access(file, constants.R_OK)
      } catch (cause) {
        const { message } = toError(cause)
        throw new P2pJobsError('BAD_INPUT', `cannot read --jobs: ${message}; check the name`, {
          cause
        })
      }
    }
    return new JobsFile(file, isJson, context)
  }

  private constructor(file: string, isJson: boolean, context: Context) {
    this.#file = file
    this.#isJson = isJson
    this.#context = context
    this.#publication = new Publication({
      spec: {
        kind: 'shell',
        command: '',
        directory: process.cwd(),
        environment: {},
        timeoutMs: undefined,
        outputBytesMax: OUTPUT_BYTES_MAX,
        slotsMax: undefined
      },
      options: { priority: 0, retries: 0 },
      keepOrder: false,
      print: (settled, read) => this.#print(settled, read),
      onNotice: (notice) => this.#tell(notice)
    })
  }

  /** Publishes the file and waits for all results; how many tasks failed. */
  async run(master: MasterRole, stopping: AbortSignal): Promise<number> {
    const lines = commandLines(this.#file, this.#context.stdin)
    await this.#publication.run(master, lines, stopping)
    const { failed, canceled } = this.#publication.tally
    return failed + canceled
  }

  onNotice(notice: MasterNotice): void {
    this.#publication.onNotice(notice)
  }

  #tell(notice: MasterNotice): void {
    if (this.#isJson) {
      for (const line of noticeLines(notice, this.#publication)) void this.#context.stdout(line)
      return
    }
    if (notice.type !== 'dispatched') return
    const name = escapeText(this.#publication.nameOf(notice.worker))
    for (const { task } of notice.attempts) {
      const command = escapeText(Buffer.from(this.#publication.inputOf(task)).toString())
      void this.#context.stdout(`dispatched ${task} to ${name}: ${command}\n`)
    }
  }

  async #print(
    settled: Settled,
    read: (payload: Payload) => AsyncIterable<Uint8Array>
  ): Promise<void> {
    const { stdout, taskStderr } = this.#context
    const name = this.#publication.nameOf(settled.worker)
    if (this.#isJson) {
      await stdout(await resultEvent(settled, name, read))
      return
    }
    const { task, state, result } = settled
    const reason = result.reason === '' ? '' : `: ${escapeText(result.reason)}`
    await stdout(`${state} ${task} on ${escapeText(name)} in ${result.runtimeMs} ms${reason}\n`)
    for await (const chunk of read(result.stdout)) await stdout(chunk)
    for await (const chunk of read(result.stderr)) await taskStderr(chunk)
  }
}
