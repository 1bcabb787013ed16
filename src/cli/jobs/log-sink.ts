/**
 * Output of tasks that comes bit by bit from several at once: whole lines of one do not get mixed
 * with those of another.
 */
import type { TaskView } from '../../core/job-views.ts'
import type { JobId } from '../../core/types.ts'
import type { Context } from '../command.ts'
import { taskEvent, whereOf } from '../job-lines.ts'
import { bytesField, escapeText, jsonLine } from '../output.ts'
import type { Stream, TaskSink } from './follow-logs.ts'
import { Tagger } from './tagger.ts'

const NEWLINE = 0x0a
/** The most of a line that is held back. */
const LINE_BYTES_MAX = 64 * 1024

export interface LogTarget {
  readonly context: Pick<Context, 'stdout' | 'stderr' | 'taskStderr'>
  readonly job: JobId
  readonly isJson: boolean
  /** What every line of a task begins with. */
  readonly tagOf: ((task: number) => Promise<Uint8Array>) | undefined
}

/** What cannot be seen in the output of a task: why it has no success. Empty for one that says so itself. */
export function endLine(job: JobId, { task, state, worker, name, result }: TaskView): string {
  if (state === 'finished' || result?.exitCode !== undefined) return ''
  const where = whereOf(worker, name)
  const on = where === '' ? '' : ` on ${where}`
  return `p2pjobs: task ${job}.${task} ${state}${on}: ${escapeText(result?.reason ?? '')}\n`
}

export function logSink(target: LogTarget, task: number): TaskSink {
  return target.isJson ? new JsonSink(target, task) : new LineSink(target, task)
}

class LineSink implements TaskSink {
  readonly #target: LogTarget
  readonly #task: number
  readonly #taggers = new Map<Stream, Tagger>()
  #tag: Promise<Uint8Array> | undefined
  readonly #held = new Map<Stream, Uint8Array>()
  /** The attempt that was said to begin. */
  #toldAttempt = 0

  constructor(target: LogTarget, task: number) {
    this.#target = target
    this.#task = task
  }

  async write(stream: Stream, bytes: Uint8Array): Promise<void> {
    const all = Buffer.concat([this.#held.get(stream) ?? new Uint8Array(0), bytes])
    const end = all.length > LINE_BYTES_MAX ? all.length : all.lastIndexOf(NEWLINE) + 1
    this.#held.set(stream, all.subarray(end))
    if (end > 0) await this.#print(stream, all.subarray(0, end))
  }

  again(stream: Stream, attempt: number): void {
    this.#held.delete(stream)
    this.#taggers.delete(stream)
    const { context, job } = this.#target
    if (attempt <= this.#toldAttempt) return
    this.#toldAttempt = attempt
    context.stderr(`p2pjobs: task ${job}.${this.#task} begins again: attempt ${attempt}\n`)
  }

  async end(task: TaskView): Promise<void> {
    for (const [stream, bytes] of this.#held) {
      if (bytes.length > 0) await this.#print(stream, bytes)
    }
    const { context, job } = this.#target
    const line = endLine(job, task)
    if (line !== '') context.stderr(line)
  }

  async #print(stream: Stream, bytes: Uint8Array): Promise<void> {
    const { context, tagOf } = this.#target
    const write = stream === 'stdout' ? context.stdout : context.taskStderr
    if (tagOf === undefined) {
      await write(bytes)
      return
    }
    const tag = await (this.#tag ??= tagOf(this.#task))
    const tagger = this.#taggers.get(stream) ?? new Tagger(tag)
    this.#taggers.set(stream, tagger)
    await write(tagger.push(bytes))
  }
}

class JsonSink implements TaskSink {
  readonly #target: LogTarget
  readonly #task: number

  constructor(target: LogTarget, task: number) {
    this.#target = target
    this.#task = task
  }

  async write(stream: Stream, bytes: Uint8Array, attempt: number): Promise<void> {
    const { context, job } = this.#target
    const head = { event: 'output', job, task: this.#task, attempt, stream }
    await context.stdout(jsonLine({ ...head, ...bytesField('text', bytes) }))
  }

  /** The number of the attempt says so. */
  again(): void {
    return
  }

  async end(task: TaskView): Promise<void> {
    await this.#target.context.stdout(jsonLine(taskEvent(this.#target.job, task)))
  }
}
