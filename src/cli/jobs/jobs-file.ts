/**
 * `p2pjobs node --master --jobs FILE`: every line of the file is a task.
 */
import { access, constants, stat } from 'node:fs/promises'
import { P2pJobsError, toError } from '../../core/errors.ts'
import { OUTPUT_BYTES_MAX } from '../../core/limits.ts'
import type { MasterNotice } from '../../core/master/events.ts'
import type { Context } from '../command.ts'
import { commandLines } from './inputs.ts'
import { JobsOutput } from './jobs-output.ts'
import { Publication } from './publish.ts'
import type { PublishMaster } from './publish.ts'
import { JsonOutput } from './run-output.ts'
import type { RunOutput } from './run-output.ts'

export class JobsFile {
  readonly #file: string
  readonly #context: Context
  readonly #publication: Publication
  readonly #output: RunOutput

  /** Throws BAD_INPUT for a file that cannot be read, before anything is started. */
  static async open(file: string, isJson: boolean, context: Context): Promise<JobsFile> {
    if (file !== '-') await checkReadable(file)
    return new JobsFile(file, isJson, context)
  }

  private constructor(file: string, isJson: boolean, context: Context) {
    this.#file = file
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
      print: (settled, read) => this.#output.print(settled, read),
      onNotice: (notice) => this.#output.onNotice?.(notice)
    })
    this.#output = isJson
      ? new JsonOutput(context, this.#publication)
      : new JobsOutput(context, this.#publication)
  }

  /** Publishes the file and waits for all results; how many tasks failed. */
  async run(master: PublishMaster, stopping: AbortSignal): Promise<number> {
    const lines = commandLines(this.#file, this.#context.stdin)
    await this.#publication.run(master, lines, stopping)
    await this.#output.end?.()
    const { failed, canceled } = this.#publication.tally
    return failed + canceled
  }

  onNotice(notice: MasterNotice): void {
    this.#publication.onNotice(notice)
  }
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
    if ((await stat(file)).isDirectory()) throw new Error(`${file} is a folder`)
  } catch (cause) {
    const { message } = toError(cause)
    throw new P2pJobsError('BAD_INPUT', `cannot read --jobs: ${message}; check the name`, { cause })
  }
}
