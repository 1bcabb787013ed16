/**
 * Runs the tasks of a child, one after the other and in their order.
 *
 * Tasks that take microseconds are run in one go, without a turn of the event loop or a promise
 * between them, and their results are written together.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { toError } from '../../../core/errors.ts'
import { Queue } from '../../../core/queue.ts'
import { decodeCalls, encodeOutcomes } from '../../../values/calls.ts'
import type { CallOutcome } from '../../../values/calls.ts'
import { writeRetiring, writeSkipped } from '../child-messages.ts'
import type { ChildOrder, FunctionPlace } from '../child-messages.ts'
import type { ChildLedger } from '../ledger.ts'
import { BundledFunction } from './bundled-function.ts'
import type { Callable } from './bundled-function.ts'
import { nowMs } from './clock.ts'
import type { ManagerCalls } from './manager-calls.ts'
import type { Outbox } from './outbox.ts'
import { oneLine, reasonOf } from './reasons.ts'
import { RunningTask } from './running-task.ts'
import type { Ending } from './running-task.ts'

/** Results of tasks that take longer than this, in the mean, are written one by one. */
const GATHERED_MS = 0.1
/** The longest that the result of a short task waits for others. */
const FLUSH_MS = 0.5
/** The part of the last task in the mean. */
const NEWEST = 1 / 8

export class Runner {
  /** Whose task any piece of code belongs to, also after its end. */
  readonly tasks = new AsyncLocalStorage<RunningTask>()
  current: RunningTask | undefined
  /** The id of this process as its machine sees it. */
  pid = 0
  readonly #outbox: Outbox
  readonly #ledger: ChildLedger
  readonly #managers: ManagerCalls
  readonly #functions = new Map<number, BundledFunction>()
  readonly #queue = new Queue<ChildOrder>()
  #initializer: { readonly fn: number; readonly input: Uint8Array } | undefined
  /** Why no task can be run here. */
  #broken: Error | undefined
  #isRunning = false
  #meanMs = Infinity
  #flushedMs = 0

  constructor(outbox: Outbox, ledger: ChildLedger, managers: ManagerCalls) {
    this.#outbox = outbox
    this.#ledger = ledger
    this.#managers = managers
  }

  define(fn: number, place: FunctionPlace): void {
    this.#functions.set(fn, new BundledFunction(place))
  }

  initializeWith(fn: number, input: Uint8Array): void {
    this.#initializer = { fn, input }
  }

  add(order: ChildOrder): void {
    this.#queue.push(order)
  }

  /** Runs what has been added; more may be added meanwhile. */
  async run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (let order = this.#queue.shift(); order !== undefined; order = this.#queue.shift()) {
      if (!this.#ledger.begin(order.seq)) {
        writeSkipped(this.#outbox, order.seq)
        continue
      }
      const running = this.#begin(order)
      if (running === undefined) continue
      this.#flush()
      await running
    }
    this.#flush()
    this.#isRunning = false
  }

  /** Ends a task with one and the same error as the outcome of each of its calls. */
  fail(task: RunningTask, error: Error): void {
    let calls = 1
    try {
      calls = decodeCalls(task.order.input, this.#managers.resolve).length
    } catch {
      // Then there is one more reason why it cannot be run: the first is told.
    }
    const outcomes = Array.from({ length: calls }, () => ({ ok: false as const, error }))
    this.#finish(task, { reason: oneLine(error.message), value: encodeOutcomes(outcomes) })
  }

  /** Undefined when the task has ended already. */
  #begin(order: ChildOrder): Promise<void> | undefined {
    const task = new RunningTask(order, this.#outbox)
    this.current = task
    if (order.tellsPid) task.tellProgress(this.pid)
    return this.tasks.run(task, this.#runTask, task)
  }

  readonly #runTask = (task: RunningTask): Promise<void> | undefined => {
    const callable = this.#functions.get(task.order.fn)?.callable
    if (callable === undefined || this.#initializer !== undefined || this.#broken !== undefined) {
      return this.#prepare(task)
    }
    return this.#call(task, callable)
  }

  /** What has to be done before the first task, and before the first of a function. */
  async #prepare(task: RunningTask): Promise<void> {
    let callable: Callable
    try {
      await this.#initialize()
      callable = await this.#load(task.order.fn)
    } catch (error) {
      this.fail(task, toError(error))
      return
    }
    await this.#call(task, callable)
  }

  async #initialize(): Promise<void> {
    const initializer = this.#initializer
    this.#initializer = undefined
    if (initializer !== undefined) {
      try {
        const callable = await this.#load(initializer.fn)
        await Reflect.apply(
          callable,
          undefined,
          decodeCalls(initializer.input, this.#managers.resolve)[0] ?? []
        )
      } catch (error) {
        this.#broken = new Error(`the initializer failed: ${reasonOf(error)}`, { cause: error })
        writeRetiring(this.#outbox)
      }
    }
    if (this.#broken !== undefined) throw this.#broken
  }

  async #load(fn: number): Promise<Callable> {
    const found = this.#functions.get(fn)
    if (found === undefined) throw new Error(`bug in p2pjobs: function ${fn} was never defined`)
    return found.callable ?? (await found.load())
  }

  #call(task: RunningTask, callable: Callable): Promise<void> | undefined {
    task.calledMs = nowMs()
    const outcomes: CallOutcome[] = []
    let calls: unknown[][]
    try {
      calls = decodeCalls(task.order.input, this.#managers.resolve)
    } catch (error) {
      this.fail(task, toError(error))
      return undefined
    }
    for (const args of calls) {
      try {
        const value = Reflect.apply(callable, task.context, args)
        if (isThenable(value)) return this.#goOn(task, callable, calls, outcomes, value)
        outcomes.push({ ok: true, value })
      } catch (error) {
        outcomes.push({ ok: false, error })
      }
    }
    this.#end(task, outcomes)
    return undefined
  }

  /** Waits for the call that is not over yet, and makes the others. */
  async #goOn(
    task: RunningTask,
    callable: Callable,
    calls: readonly unknown[][],
    outcomes: CallOutcome[],
    first: PromiseLike<unknown>
  ): Promise<void> {
    let pending: unknown = first
    for (;;) {
      try {
        outcomes.push({ ok: true, value: await pending })
      } catch (error) {
        outcomes.push({ ok: false, error })
      }
      const args = calls[outcomes.length]
      if (args === undefined) break
      pending = attempt(callable, task, args)
    }
    this.#end(task, outcomes)
  }

  #end(task: RunningTask, outcomes: readonly CallOutcome[]): void {
    const failed = outcomes.find(({ ok }) => !ok)
    let reason = failed?.ok === false ? reasonOf(failed.error) : ''
    const value = encodeOutcomes(outcomes, (error) => {
      if (reason === '') reason = reasonOf(error)
    })
    this.#finish(task, { reason, value })
  }

  #finish(task: RunningTask, ending: Ending): void {
    const endedMs = nowMs()
    const takenMs = endedMs - task.calledMs
    task.end(ending, endedMs)
    this.#managers.end(task)
    this.current = undefined
    this.#meanMs = this.#meanMs === Infinity ? takenMs : mixed(this.#meanMs, takenMs)
    if (this.#isDue(task, endedMs)) this.#flush()
  }

  #isDue({ order }: RunningTask, now: number): boolean {
    return order.isUrgent || this.#meanMs > GATHERED_MS || now - this.#flushedMs > FLUSH_MS
  }

  #flush(): void {
    this.#outbox.flush()
    this.#flushedMs = nowMs()
  }
}

/** A call whose throwing is as good as a rejection. */
async function attempt(
  callable: Callable,
  task: RunningTask,
  args: readonly unknown[]
): Promise<unknown> {
  return await Reflect.apply(callable, task.context, args)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

function mixed(meanMs: number, lastMs: number): number {
  return meanMs + (lastMs - meanMs) * NEWEST
}
