/**
 * The other end of a journal's thread: questions there, answers back.
 *
 * The thread keeps the process alive while it owes an answer, and only then. One that ends before
 * its time (no memory left) is replaced when it is needed next.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Failure } from './rows.ts'

export interface Question {
  readonly id: number
  readonly call: string
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value: unknown
  readonly failure: Failure | undefined
}

interface Asker {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** What a thread does when asked. */
type CallsOf<Calls> = Readonly<Record<keyof Calls, (...args: never[]) => unknown>>

export class ThreadLink<Calls extends CallsOf<Calls> & { close(): void }> {
  readonly #path: string
  readonly #entry: URL
  readonly #askers = new Map<number, Asker>()
  #thread: Worker | undefined
  #next = 1

  /** `path`: of the journal; `entry`: the name of the module that is its thread. */
  constructor(path: string, entry: string) {
    this.#path = path
    this.#entry = new URL(`./${entry}${extname(import.meta.url)}`, import.meta.url)
  }

  /** Throws JOURNAL_FAILED, JOURNAL_FULL or JOURNAL_NEWER. */
  async ask<Call extends keyof Calls & string>(
    call: Call,
    ...args: Parameters<Calls[Call]>
  ): Promise<ReturnType<Calls[Call]>> {
    const thread = (this.#thread ??= this.#start())
    const id = this.#next++
    const question: Question = { id, call, args }
    return await new Promise<ReturnType<Calls[Call]>>((resolve, reject) => {
      if (this.#askers.size === 0) thread.ref()
      this.#askers.set(id, { resolve: resolve as Asker['resolve'], reject })
      thread.postMessage(question)
    })
  }

  /** Resolves when the thread has ended. */
  async close(): Promise<void> {
    const thread = this.#thread
    if (thread === undefined) return
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    await this.ask('close', ...([] as never))
    thread.ref()
    await ended
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, { workerData: this.#path })
    let cause: Error | undefined
    thread.unref()
    thread.on('message', (answer: Answer) => this.#onAnswer(thread, answer))
    thread.on('error', (error) => (cause = toError(error)))
    thread.on('exit', () => {
      this.#thread = undefined
      const error = new P2pJobsError(
        'JOURNAL_FAILED',
        `the thread of the journal ${this.#path} has ended (${cause?.message ?? 'stopped'}): try again`,
        { cause }
      )
      for (const { reject } of this.#askers.values()) reject(error)
      this.#askers.clear()
    })
    return thread
  }

  #onAnswer(thread: Worker, { id, value, failure }: Answer): void {
    const asker = this.#askers.get(id)
    this.#askers.delete(id)
    if (this.#askers.size === 0) thread.unref()
    if (failure === undefined) asker?.resolve(value)
    else asker?.reject(errorOf(failure))
  }
}

export function errorOf({ code, message }: Failure): P2pJobsError {
  return new P2pJobsError(code, message)
}
