/**
 * One job of a pool: tasks are added as they come, and each tells its own listener how it ended.
 *
 * Inputs that come within one turn of the event loop are handed to the master together. One that
 * is too large for a message is published as a blob first.
 */
import { toError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import { INLINE_BYTES_MAX, TASKS_MAX } from '../core/limits.ts'
import type { MasterNotice } from '../core/master/events.ts'
import { emptyResult } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { FunctionSpec } from '../core/spec.ts'
import type { EndState } from '../core/task.ts'
import type { BlobRef, JobId, NodeId, Payload } from '../core/types.ts'
import type { MasterRole } from '../node/master-role.ts'

/** What one task tells. */
export interface TaskListener {
  onSettled(state: EndState, result: Result, worker: NodeId | undefined): void
  onProgress?(value: Uint8Array, worker: NodeId): void
  onStarted?(worker: NodeId): void
}

/** A task, from its submission on. */
export interface Ticket {
  /** Ends the task wherever it is; its listener is told. */
  cancel(reason: string): void
}

/** A task that was added, before and after its master has it. */
class Submission implements Ticket {
  readonly listener: TaskListener
  /** Its argument, where that is too large for a message. */
  blob: BlobRef | undefined
  /** The task's number, once the master has it. */
  number: number | undefined
  /** Why it was canceled before the master had it. */
  canceled: string | undefined
  readonly #job: PoolJob

  constructor(job: PoolJob, listener: TaskListener) {
    this.#job = job
    this.listener = listener
  }

  cancel(reason: string): void {
    if (this.number === undefined) this.canceled ??= reason
    else this.#job.cancelTask(this.number, reason)
  }
}

/** A job with so many tasks gets no more calls: those on their way to it still find room. */
const FULL_AT = TASKS_MAX - 1_000_000

export class PoolJob {
  readonly id: JobId
  readonly #master: MasterRole
  readonly #onProblem: (error: Error) => void
  readonly #fullAt: number
  readonly #submissions = new Map<number, Submission>()
  #added: { payload: Payload; submission: Submission }[] = []
  #publishing = 0
  #nextNumber = 1
  #isClosing = false
  #canceled: string | undefined

  constructor(
    master: MasterRole,
    spec: FunctionSpec,
    options: JobOptions,
    onProblem: (error: Error) => void,
    fullAt = FULL_AT
  ) {
    this.#fullAt = fullAt
    this.#master = master
    this.#onProblem = onProblem
    this.id = master.submit(spec, options)
  }

  /** It can have no more tasks: those to come need another job. */
  get isFull(): boolean {
    return this.#nextNumber > this.#fullAt
  }

  /** Adds a task. */
  add(input: Uint8Array, listener: TaskListener): Ticket {
    const submission = new Submission(this, listener)
    if (input.length > INLINE_BYTES_MAX) void this.#publish(input, submission)
    else this.#enqueue(input, submission)
    return submission
  }

  /** No more tasks come: the job ends with its last one. */
  close(): void {
    this.#isClosing = true
    this.#flush()
  }

  /** Ends every task of it, and the job. */
  cancel(reason: string): void {
    this.#isClosing = true
    this.#canceled = reason
    this.#flush()
    this.#master.cancel(this.id, reason)
  }

  /** Ends one of its tasks that the master has. */
  cancelTask(number: number, reason: string): void {
    this.#master.cancelTasks(this.id, [number], reason)
  }

  /** To be told every notice about a task of this job. */
  onNotice(notice: MasterNotice): void {
    if (notice.type === 'settled') {
      const submission = this.#submissions.get(notice.task)
      this.#submissions.delete(notice.task)
      if (submission === undefined) return
      this.#withdraw(submission)
      submission.listener.onSettled(notice.state, notice.result, notice.worker)
    } else if (notice.type === 'progress') {
      this.#submissions.get(notice.task)?.listener.onProgress?.(notice.value, notice.worker)
    } else if (notice.type === 'started') {
      for (const { job, task } of notice.attempts) {
        if (job === this.id) this.#submissions.get(task)?.listener.onStarted?.(notice.worker)
      }
    }
  }

  async #publish(input: Uint8Array, submission: Submission): Promise<void> {
    this.#publishing++
    try {
      submission.blob = await this.#master.publish(input)
      this.#enqueue(submission.blob, submission)
    } catch (error) {
      const reason = `its argument cannot be kept: ${toError(error).message}`
      submission.listener.onSettled('failed', emptyResult('refused', reason), undefined)
    }
    this.#publishing--
    this.#flush()
  }

  #enqueue(payload: Payload, submission: Submission): void {
    if (this.#added.push({ payload, submission }) === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const payloads: Payload[] = []
    const first = this.#nextNumber
    for (const { payload, submission } of this.#added.splice(0)) {
      const canceled = this.#canceled ?? submission.canceled
      if (canceled !== undefined) {
        this.#end(submission, canceled)
        continue
      }
      submission.number = this.#nextNumber++
      this.#submissions.set(submission.number, submission)
      payloads.push(payload)
    }
    if (payloads.length > 0) this.#hand(payloads, first)
    if (this.#isClosing && this.#publishing === 0) this.#master.close(this.id)
  }

  #hand(payloads: readonly Payload[], first: number): void {
    try {
      this.#master.add(this.id, payloads)
    } catch (error) {
      // More than a job can have: the master has none of them.
      const result = emptyResult('refused', toError(error).message)
      for (let number = first; number < this.#nextNumber; number++) {
        const submission = this.#submissions.get(number)
        this.#submissions.delete(number)
        if (submission === undefined) continue
        this.#withdraw(submission)
        submission.listener.onSettled('failed', result, undefined)
      }
      this.#nextNumber = first
    }
  }

  /** Ends a task that the master never had. */
  #end(submission: Submission, reason: string): void {
    this.#withdraw(submission)
    submission.listener.onSettled('canceled', emptyResult('failure', reason), undefined)
  }

  #withdraw({ blob }: Submission): void {
    if (blob === undefined) return
    this.#master.withdraw(blob).catch((error: unknown) => this.#onProblem(toError(error)))
  }
}
