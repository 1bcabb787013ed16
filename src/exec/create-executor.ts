/**
 * The executor of a node: one for each kind of task, each made when it is first needed.
 */
import { setImmediate } from 'node:timers/promises'
import { isNoSpace, toError } from '../core/errors.ts'
import { emptyResult } from '../core/result.ts'
import type { Outcome } from '../core/result.ts'
import type { FunctionSpec, ShellSpec, Spec } from '../core/spec.ts'
import { Batch } from './batch.ts'
import type { Executor, ExecutorEvents, OutputRange, RunEnd, TaskStart } from './executor.ts'
import type { IsolationInit } from './functions/isolation.ts'
import type { OpenManager } from './functions/relay.ts'
import { createShellExecutor } from './shell-executor.ts'

export interface ExecutorInit extends IsolationInit {
  /** The most tasks that run at once. */
  readonly slots: number
  /** An existing folder, for executors only; what dead ones left in it is removed. */
  readonly folder: string
  /** What the node has on disk, `folder` included: helpers remove it when the node is gone. */
  readonly remains?: string | undefined
  /** The kind of task that is to find its executor ready. */
  readonly firstKind: Spec['kind']
  /** How functions reach managers of shared objects; they cannot, without it. */
  readonly openManager?: OpenManager | undefined
}

/**
 * An executor for every kind of task.
 * @throws P2pJobsError EXECUTOR_FAILED, or NO_SANDBOX where there has to be one for functions
 */
export async function createExecutor(
  init: ExecutorInit,
  events: ExecutorEvents
): Promise<Executor> {
  const { slots, firstKind } = init
  // Whoever asks for functions first will use all slots; else it is known of one task only.
  const spares = firstKind === 'function' ? slots : 1
  const shell = new LateExecutor<ShellSpec>(() => createShellExecutor(init, events), events)
  const functions = new LateExecutor<FunctionSpec>(async () => {
    // Loaded only for functions: a node that runs commands starts without.
    const { createFunctionExecutor } = await import('./functions/function-executor.ts')
    return await createFunctionExecutor({ ...init, spares }, events)
  }, events)
  // Whoever insists on a sandbox wants to hear at once that there is none.
  const isSandboxWanted = init.requiresSandbox || init.isolation === 'bwrap'
  try {
    if (firstKind === 'shell') await shell.open()
    if (isSandboxWanted) await functions.open()
    // Whoever waits for a function hears then why there is no process for it.
    else if (firstKind === 'function') functions.open().catch(() => undefined)
  } catch (error) {
    await Promise.all([shell.close(), functions.close()])
    throw error
  }
  return new EveryKind(shell, functions)
}

/** Shares tasks out by their kind. A run is known to one executor, and ignored by the other. */
class EveryKind implements Executor {
  readonly #shell: Executor<ShellSpec>
  readonly #functions: Executor<FunctionSpec>

  constructor(shell: Executor<ShellSpec>, functions: Executor<FunctionSpec>) {
    this.#shell = shell
    this.#functions = functions
  }

  start(tasks: readonly TaskStart[]): void {
    const functions = tasks.filter(isFunctionTask)
    if (functions.length < tasks.length) this.#shell.start(tasks.filter(isShellTask))
    if (functions.length > 0) this.#functions.start(functions)
  }

  stop(run: number): void {
    this.#shell.stop(run)
    this.#functions.stop(run)
  }

  async read(run: number, range: OutputRange): Promise<Uint8Array | undefined> {
    return (await this.#shell.read(run, range)) ?? (await this.#functions.read(run, range))
  }

  recall(run: number): void {
    this.#shell.recall(run)
    this.#functions.recall(run)
  }

  async close(): Promise<void> {
    await Promise.all([this.#shell.close(), this.#functions.close()])
  }
}

/** An executor that is made for its first tasks; they wait for it. */
class LateExecutor<AnySpec extends Spec> implements Executor<AnySpec> {
  readonly #create: () => Promise<Executor<AnySpec>>
  readonly #events: ExecutorEvents
  readonly #ends: Batch<RunEnd>
  #opening: Promise<Executor<AnySpec>> | undefined
  #executor: Executor<AnySpec> | undefined
  #waiting: TaskStart<AnySpec>[] = []
  /** Resolves when those that waited have been handed over, or given back. */
  #starting: Promise<void> | undefined
  #isClosed = false

  constructor(create: () => Promise<Executor<AnySpec>>, events: ExecutorEvents) {
    this.#create = create
    this.#events = events
    this.#ends = new Batch((ends) => events.onEnded(ends))
  }

  /** Makes the executor now. Rejects if that fails; the next tasks try again. */
  async open(): Promise<void> {
    this.#opening ??= this.#create()
    try {
      this.#executor = await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  start(tasks: readonly TaskStart<AnySpec>[]): void {
    if (this.#executor !== undefined) {
      this.#executor.start(tasks)
    } else if (this.#isClosed) {
      this.#giveBack(tasks, 'returned', 'the executor is closed')
    } else {
      const isFirst = this.#waiting.length === 0
      this.#waiting.push(...tasks)
      if (isFirst) this.#starting = this.#openForWaiting()
    }
  }

  stop(run: number): void {
    if (this.#executor === undefined) this.recall(run)
    else this.#executor.stop(run)
  }

  async read(run: number, range: OutputRange): Promise<Uint8Array | undefined> {
    await this.#starting
    return await this.#executor?.read(run, range)
  }

  recall(run: number): void {
    if (this.#executor !== undefined) {
      this.#executor.recall(run)
      return
    }
    const recalled = this.#waiting.filter((task) => task.run === run)
    this.#waiting = this.#waiting.filter((task) => task.run !== run)
    this.#giveBack(recalled, 'returned', 'it had not begun')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#giveBack(this.#takeWaiting(), 'returned', 'the executor was closed')
    const executor = await this.#opening?.catch(() => undefined)
    await executor?.close()
    await setImmediate()
  }

  async #openForWaiting(): Promise<void> {
    try {
      await this.open()
      this.#executor?.start(this.#takeWaiting())
    } catch (error) {
      if (isNoSpace(error)) this.#events.onNoSpace()
      this.#giveBack(this.#takeWaiting(), 'refused', toError(error).message)
    }
  }

  #takeWaiting(): TaskStart<AnySpec>[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  #giveBack(tasks: readonly TaskStart<AnySpec>[], outcome: Outcome, reason: string): void {
    const nothing = new Uint8Array(0)
    const outputs = { stdout: nothing, stderr: nothing, value: nothing }
    for (const { run } of tasks) {
      this.#ends.add({ run, result: { ...emptyResult(outcome, reason), ...outputs } })
    }
  }
}

function isFunctionTask(task: TaskStart): task is TaskStart<FunctionSpec> {
  return task.spec.kind === 'function'
}

function isShellTask(task: TaskStart): task is TaskStart<ShellSpec> {
  return task.spec.kind === 'shell'
}
