/**
 * Takes the place of `process.stdout` and `process.stderr`: what a task writes becomes its output.
 *
 * What is written by nobody, or by what a task that has ended left behind, goes to the real
 * stream: the launcher keeps its last words as evidence.
 */
import type { AsyncLocalStorage } from 'node:async_hooks'
import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import type { RunningTask } from './running-task.ts'

export class CapturedStream extends Writable {
  readonly fd: 1 | 2
  readonly #tasks: AsyncLocalStorage<RunningTask>
  readonly #onTooMuch: (task: RunningTask) => void

  constructor(
    fd: 1 | 2,
    tasks: AsyncLocalStorage<RunningTask>,
    onTooMuch: (task: RunningTask) => void
  ) {
    super()
    this.fd = fd
    this.#tasks = tasks
    this.#onTooMuch = onTooMuch
  }

  /** Replaces the stream of the process. `console` finds it there. */
  install(): void {
    const name = this.fd === 1 ? 'stdout' : 'stderr'
    Object.defineProperty(process, name, { value: this, configurable: true, enumerable: true })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const task = this.#tasks.getStore()
    if (task === undefined || task.hasEnded) this.#pass(chunk)
    else if (!task.print(this.fd === 2, chunk)) this.#onTooMuch(task)
    done()
  }

  /** Like the stream it stands for, it cannot be ended: a later task needs it. */
  override end(...args: unknown[]): this {
    const [chunk] = args
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk)
    const done = args.find((each) => typeof each === 'function') as (() => void) | undefined
    if (done !== undefined) process.nextTick(done)
    return this
  }

  override destroy(): this {
    return this
  }

  #pass(chunk: Buffer): void {
    try {
      writeSync(this.fd, chunk)
    } catch {
      // Somebody has closed it. There is no other place for words that belong to no task.
    }
  }
}
