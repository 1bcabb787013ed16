/**
 * Between a pool and its node: functions become jobs, lists of arguments become tasks, and results
 * become values again.
 */
import { toError } from '../core/errors.ts'
import type { P2pJobsError } from '../core/errors.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { Result } from '../core/result.ts'
import type { FunctionRef } from '../core/spec.ts'
import type { EndState } from '../core/task.ts'
import { isBlobRef } from '../core/types.ts'
import type { JobId, NodeId, Payload } from '../core/types.ts'
import type { MasterRole } from '../node/master-role.ts'
import { decodeOutcomes, encodeCalls } from '../values/calls.ts'
import { decodeValue } from '../values/decode.ts'
import type { Activity } from './activity.ts'
import type { CallOptions } from './options.ts'
import type { TaskEnd } from './outcomes.ts'
import { PoolJob } from './pool-job.ts'
import type { TaskListener, Ticket } from './pool-job.ts'
import { remoteError, taskError } from './remote-error.ts'
import { jobOptionsOf, specOf } from './specs.ts'
import type { Profile } from './specs.ts'

export interface TaskEvents {
  onEnd(end: TaskEnd): void
  onProgress?: ((value: unknown) => void) | undefined
  onStarted?: ((worker: NodeId) => void) | undefined
  /** The program need not live to see its end. */
  readonly isDaemon?: boolean | undefined
}

/** A task that was submitted; `bytes` is what its arguments were sent as. */
export interface RunningTask extends Ticket {
  readonly bytes: number
}

/** Receives what a task printed. */
export type OutputSink = (stdout: Uint8Array, stderr: Uint8Array, worker: string) => void

export interface DispatcherInit {
  readonly master: MasterRole
  readonly activity: Activity
  /** Where what tasks print goes; undefined: nowhere. */
  readonly sink: OutputSink | undefined
  warn(line: string): void
}

export class Dispatcher {
  readonly #init: DispatcherInit
  readonly #master: MasterRole
  readonly #jobs = new Map<JobId, PoolJob>()
  readonly #names = new Map<NodeId, string>()
  /** What whoever still waits for a call is told. */
  #termination: P2pJobsError | undefined

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#master = init.master
    // Those that came before anybody listened: this machine's own worker is there at once.
    for (const { id, name } of init.master.state.workers.values()) this.#names.set(id, name)
  }

  /** Slots of all workers there are now. */
  get slots(): number {
    return this.#master.state.connectedSlots
  }

  /** Opens a job of one function. */
  open(ref: FunctionRef, profile: Profile, options: CallOptions): PoolJob {
    const spec = specOf(ref, profile, options)
    const job = new PoolJob(this.#master, spec, jobOptionsOf(options), (error) =>
      this.#init.warn(error.message)
    )
    this.#jobs.set(job.id, job)
    return job
  }

  /** Runs calls as one task of the job. Throws BAD_VALUE for arguments that cannot be sent. */
  run(job: PoolJob, calls: readonly (readonly unknown[])[], events: TaskEvents): RunningTask {
    const input = encodeCalls(calls, { takesReferences: true })
    const settle = this.#init.activity.begin(events.isDaemon)
    const run = new Run(this, events, settle, input.length)
    run.ticket = job.add(input, run)
    return run
  }

  /** Ends every task of every job. */
  terminate(error: P2pJobsError): void {
    this.#termination = error
    for (const job of [...this.#jobs.values()]) job.cancel(error.message)
  }

  /** To be told every notice of the node's master. */
  onNotice(notice: MasterNotice): void {
    switch (notice.type) {
      case 'settled':
      case 'progress':
        this.#jobs.get(notice.job)?.onNotice(notice)
        return
      case 'started':
        for (const job of new Set(notice.attempts.map((attempt) => attempt.job))) {
          this.#jobs.get(job)?.onNotice(notice)
        }
        return
      case 'joined':
        this.#names.set(notice.worker, notice.name)
        return
      case 'ended':
        this.#jobs.delete(notice.job)
        return
      case 'resting':
        this.#init.warn(`worker ${notice.name} fails everything and rests for ${notice.restMs} ms`)
        return
      case 'parted':
        this.#names.delete(notice.worker)
        return
      case 'dispatched':
      case 'setback':
    }
  }

  nameOf(worker: NodeId | undefined): string {
    return worker === undefined ? '' : (this.#names.get(worker) ?? worker)
  }

  /** What a task that has ended comes to is told as soon as all of it is here. */
  onSettled(state: EndState, result: Result, worker: NodeId | undefined, run: Run): void {
    const { stdout, stderr, value } = result
    const name = this.nameOf(worker)
    if (isBlobRef(stdout) || isBlobRef(stderr) || isBlobRef(value)) {
      void this.#fetch(state, result, name, run)
      return
    }
    this.#print(stdout, stderr, name)
    run.end(this.#endOf(state, result, value, name))
  }

  async #fetch(state: EndState, result: Result, name: string, run: Run): Promise<void> {
    try {
      const bytes = (payload: Payload): Promise<Uint8Array> => this.#master.bytesOf(payload)
      const value = await bytes(result.value)
      this.#print(await bytes(result.stdout), await bytes(result.stderr), name)
      run.end(this.#endOf(state, result, value, name))
    } catch (error) {
      run.end({ error: toError(error), exitCode: undefined, signal: undefined })
    }
    await this.#master.release(result)
  }

  /** In a turn of its own: what a user's function throws is its program's, not the master's. */
  tell(bytes: Uint8Array, onProgress: TaskEvents['onProgress']): void {
    if (onProgress === undefined) return
    let value: unknown
    try {
      value = decodeValue(bytes)
    } catch (error) {
      this.#init.warn(`a worker sent progress that cannot be read: ${toError(error).message}`)
      return
    }
    queueMicrotask(() => onProgress(value))
  }

  #print(stdout: Uint8Array, stderr: Uint8Array, worker: string): void {
    if (stdout.length === 0 && stderr.length === 0) return
    queueMicrotask(() => this.#init.sink?.(stdout, stderr, worker))
  }

  #endOf(state: EndState, result: Result, value: Uint8Array, worker: string): TaskEnd {
    const { exitCode, signal } = result
    if (state === 'canceled' || state === 'aborted' || value.length === 0) {
      const termination = state === 'canceled' ? this.#termination : undefined
      return { error: termination ?? taskError(state, result, worker), exitCode, signal }
    }
    try {
      const outcomes = decodeOutcomes(value)
      for (const outcome of outcomes) {
        if (!outcome.ok) outcome.error = remoteError(outcome.error, worker)
      }
      return { outcomes, bytes: value.length }
    } catch (error) {
      return { error: toError(error), exitCode, signal }
    }
  }
}

/** A task on its way: what its job tells of it becomes what its caller wants to know. */
class Run implements TaskListener, RunningTask {
  readonly bytes: number
  ticket: Ticket | undefined
  readonly #dispatcher: Dispatcher
  readonly #events: TaskEvents
  readonly #settle: () => void

  constructor(dispatcher: Dispatcher, events: TaskEvents, settle: () => void, bytes: number) {
    this.#dispatcher = dispatcher
    this.#events = events
    this.#settle = settle
    this.bytes = bytes
  }

  cancel(reason: string): void {
    this.ticket?.cancel(reason)
  }

  onSettled(state: EndState, result: Result, worker: NodeId | undefined): void {
    this.#dispatcher.onSettled(state, result, worker, this)
  }

  onProgress(value: Uint8Array): void {
    this.#dispatcher.tell(value, this.#events.onProgress)
  }

  onStarted(worker: NodeId): void {
    this.#events.onStarted?.(worker)
  }

  end(end: TaskEnd): void {
    this.#settle()
    this.#events.onEnd(end)
  }
}
