/**
 * `multiprocessing.Process`: one function in a process of its own, on any machine of the network
 * or on a named one.
 *
 * What a machine boundary changes is said in docs/POOL.md: `pid` is the number on the machine
 * where it runs, `authkey` has its place in the network's token, and `run` cannot be overridden,
 * since methods do not travel.
 */
import { constants } from 'node:os'
import { P2pJobsError, toError } from '../core/errors.ts'
import { PoolCalls } from './calls.ts'
import type { AnyFunction, FunctionSource } from './functions.ts'
import { checkProcess } from './option-checks.ts'
import type { TaskEnd } from './outcomes.ts'
import type { Ticket } from './pool-job.ts'
import { comesWithin } from './waiting.ts'

export interface ProcessInit<F extends AnyFunction = AnyFunction> {
  /** What it runs; nothing by default, as in Python. */
  readonly target?: FunctionSource<F> | undefined
  readonly args?: Parameters<F> | undefined
  /** Handed over as one object behind the arguments. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
  readonly name?: string | undefined
  /** The program does not wait for it to end, and ends it when it ends itself. */
  readonly daemon?: boolean | undefined
  /** The worker it is to run on, by its name or id; any by default. */
  readonly worker?: string | undefined
}

let processesMade = 0
let shared: Promise<PoolCalls> | undefined

export class Process<F extends AnyFunction = AnyFunction> {
  name: string
  daemon: boolean
  readonly #init: ProcessInit<F>
  #task: Ticket | undefined
  #hasStarted = false
  #pid: number | undefined
  #exitCode: number | undefined
  #ending: number | undefined
  readonly #ended = Promise.withResolvers<undefined>()

  /** Throws USAGE for what cannot be meant. */
  constructor(init: ProcessInit<F> = {}) {
    checkProcess(init)
    this.#init = init
    this.name = init.name ?? `Process-${++processesMade}`
    this.daemon = init.daemon ?? false
  }

  /** The process id on the machine where it runs; undefined before it does. */
  get pid(): number | undefined {
    return this.#pid
  }

  /**
   * Undefined while it has not ended; 0 after a return, 1 after an error, N after
   * `process.exit(N)`, -N when signal N ended it.
   */
  get exitcode(): number | undefined {
    return this.#exitCode
  }

  /** What takes the place of Python's authkey: nothing here; see the class. */
  get authkey(): undefined {
    return undefined
  }

  /**
   * Starts it. Resolves when it is on its way to a worker; rejects when it cannot be sent, or was
   * started before.
   */
  async start(): Promise<void> {
    if (this.#hasStarted) {
      throw new P2pJobsError('USAGE', `${this.name} was started before; make another Process`)
    }
    this.#hasStarted = true
    const { target = nothing, args = [], kwargs, worker } = this.#init
    shared ??= PoolCalls.open({})
    const calls = await shared
    const whole = kwargs === undefined ? args : [...(args as readonly unknown[]), kwargs]
    const isDaemon = this.daemon
    this.#task = await calls.alone(target, whole, {
      ...{ worker, isDaemon },
      onPid: (pid) => (this.#pid = pid),
      onEnd: (end) => this.#onEnd(end)
    })
    if (this.#ending !== undefined) this.#end(this.#ending)
  }

  /**
   * Resolves when it has ended, or after `timeoutMs`. Rejects with USAGE before `start`, and for what
   * is no time to wait for.
   */
  async join(timeoutMs?: number): Promise<void> {
    if (!this.#hasStarted) {
      throw new P2pJobsError('USAGE', `${this.name} was never started; start() it first`)
    }
    await comesWithin(this.#ended.promise, timeoutMs)
  }

  isAlive(): boolean {
    return this.#hasStarted && this.#exitCode === undefined
  }

  /** Ends it as SIGTERM would: its `taskContext().signal` is aborted, and a moment later it is killed. */
  terminate(): void {
    this.#end(constants.signals.SIGTERM)
  }

  /** The same; the exit code is that of SIGKILL. */
  kill(): void {
    this.#end(constants.signals.SIGKILL)
  }

  /** Calls the target here, in this process, as Python's `run` does. */
  async run(): Promise<unknown> {
    const { target, args = [], kwargs } = this.#init
    if (target === undefined) return undefined
    if (typeof target !== 'function') {
      throw new P2pJobsError(
        'USAGE',
        'a target named by module runs only where it is sent: start() it'
      )
    }
    const whole: readonly unknown[] = kwargs === undefined ? args : [...args, kwargs]
    // Its own arguments, with what Python would give by name behind them.
    return await (target as unknown as (...all: readonly unknown[]) => unknown)(...whole)
  }

  #end(signal: number): void {
    if (!this.isAlive()) return
    this.#ending ??= signal
    this.#task?.cancel(`${this.name} was ended by its program`)
  }

  #onEnd(end: TaskEnd): void {
    this.#exitCode = this.#ending === undefined ? exitCodeOf(end) : -this.#ending
    this.#ended.resolve(undefined)
    const error = this.#ending === undefined ? errorOf(end) : undefined
    if (error !== undefined) {
      process.stderr.write(`Process ${this.name}:\n${String(error.stack)}\n`)
    }
  }
}

/** What to show of an end: an exit or a signal says enough. */
export function errorOf(end: TaskEnd): Error | undefined {
  if ('outcomes' in end) {
    const failed = end.outcomes.find(({ ok }) => !ok)
    return failed?.ok === false ? toError(failed.error) : undefined
  }
  return end.exitCode === undefined && end.signal === undefined ? end.error : undefined
}

function exitCodeOf(end: TaskEnd): number {
  if ('outcomes' in end) return end.outcomes.every(({ ok }) => ok) ? 0 : 1
  const { exitCode, signal } = end
  if (exitCode !== undefined) return exitCode
  const number = signal === undefined ? undefined : constants.signals[signal as NodeJS.Signals]
  return number === undefined ? 1 : -number
}

function nothing(): void {
  return undefined
}
