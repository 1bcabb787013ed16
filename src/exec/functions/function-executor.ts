/**
 * The executor for functions: warm child processes, each with the work of one master only.
 *
 * It keeps the runs from their start to their report. Who runs what is decided by the dispatcher,
 * the processes are kept by `Children`.
 */
import { setImmediate } from 'node:timers/promises'
import { isNoSpace, P2pJobsError, toError } from '../../core/errors.ts'
import type { FunctionSpec } from '../../core/spec.ts'
import type { Executor, ExecutorEvents, OutputRange, TaskStart } from '../executor.ts'
import { cleanUpAfterTheDead } from '../leftovers.ts'
import { Aftermath } from './aftermath.ts'
import type { ChildEnd } from './child-messages.ts'
import type { Child } from './child.ts'
import { Children } from './children.ts'
import type { ChildrenEvents, ChildrenInit } from './children.ts'
import type { Crew } from './crew.ts'
import { Dispatcher } from './dispatcher.ts'
import { chooseSandbox, likelySandbox } from './isolation.ts'
import type { IsolationInit } from './isolation.ts'
import type { Death } from './launcher-messages.ts'
import type { Hardening } from './sandbox.ts'
import { Lookout } from './lookout.ts'
import { Reports } from './reports.ts'
import { copyOf } from './run-output.ts'
import { runOf } from './run.ts'
import type { Run } from './run.ts'
import { Works } from './works.ts'

export interface FunctionExecutorInit extends IsolationInit, ChildrenInit {
  /** The most tasks that run at once. */
  readonly slots: number
  /** How long a stopped task that listens to its signal may take to end by itself. */
  readonly graceMs?: number
  /** How long a child without tasks is kept. */
  readonly idleMs?: number
  /** How many children are started before there is anything for them to do. */
  readonly spares?: number
}

const GRACE_MS = 2_000
const IDLE_MS = 60_000
/** Children of other masters that are kept for their next tasks, at least. */
const IDLE_CHILDREN_MIN = 4

/**
 * An executor for functions that is ready to start tasks.
 *
 * First ends the tasks and removes the files of executors whose processes were killed.
 * @throws P2pJobsError EXECUTOR_FAILED, or NO_SANDBOX where there has to be one
 */
export async function createFunctionExecutor(
  init: FunctionExecutorInit,
  events: ExecutorEvents
): Promise<Executor<FunctionSpec>> {
  try {
    cleanUpAfterTheDead(init.folder)
    const executor = new FunctionExecutor(init, events)
    await executor.open()
    return executor
  } catch (error) {
    if (error instanceof P2pJobsError) throw error
    const message = `cannot start the helper process that starts functions: ${toError(error).message}; check the folder ${init.folder} and the limits on processes`
    throw new P2pJobsError('EXECUTOR_FAILED', message, { cause: error })
  }
}

class FunctionExecutor implements Executor<FunctionSpec> {
  readonly #init: FunctionExecutorInit
  readonly #events: ExecutorEvents
  readonly #works = new Works()
  /** Everything that has not ended. */
  readonly #runs = new Map<number, Run>()
  readonly #dispatcher: Dispatcher
  readonly #children: Children
  readonly #reports: Reports
  readonly #aftermath: Aftermath
  readonly #lookout: Lookout
  #nextOrder = 1
  #isDispatchDue = false
  #closing: Promise<void> | undefined

  constructor(init: FunctionExecutorInit, events: ExecutorEvents) {
    this.#init = init
    this.#events = events
    this.#children = new Children(init, this.#childrenEvents())
    this.#reports = new Reports(this.#children.prefix, events)
    this.#dispatcher = new Dispatcher(init.slots, Math.max(init.slots, IDLE_CHILDREN_MIN), {
      launch: (crew) => this.#launch(crew),
      give: (child, run) => this.#give(child, run),
      retire: (child) => this.#retire(child)
    })
    this.#aftermath = new Aftermath(this.#dispatcher, this.#reports, (run) => this.#forget(run))
    this.#lookout = new Lookout(this.#dispatcher, init.idleMs ?? IDLE_MS, {
      onStarted: (runs) => events.onStarted(runs),
      retire: (child) => this.#retire(child)
    })
  }

  /** Resolves when children can be started. */
  async open(): Promise<void> {
    const { launcher, root } = this.#children
    try {
      // The first children start while it is tried whether their sandbox works.
      this.#launchSpares(likelySandbox(this.#init))
      await launcher.ready
      const sandbox = await chooseSandbox(this.#init, launcher, root, (text) =>
        this.#events.onNotice(text)
      )
      if (sandbox === this.#children.sandbox) return
      for (const child of [...this.#dispatcher.children()]) {
        this.#dispatcher.removeChild(child)
        this.#children.kill(child)
      }
      this.#launchSpares(sandbox)
    } catch (error) {
      await this.#children.close()
      throw error
    }
  }

  start(tasks: readonly TaskStart<FunctionSpec>[]): void {
    if (this.#closing !== undefined) {
      for (const { run } of tasks) this.#reports.unrun(run, 'returned', 'the executor is closed')
      return
    }
    const runs = tasks.map((task) => runOf(task, this.#works.of(task), this.#nextOrder++))
    for (const run of runs) {
      this.#runs.set(run.start.run, run)
      this.#dispatcher.add(run)
    }
    this.#dispatch()
    for (const run of runs) if (run.state === 'waiting') run.hasWaited = true
  }

  stop(number: number): void {
    if (this.#takeBack(number)) return
    const run = this.#runs.get(number)
    const child = run?.child
    if (run === undefined || child === undefined || run.isStopping) return
    run.isStopping = true
    child.stop(run)
    const graceMs = this.#init.graceMs ?? GRACE_MS
    run.killTimer = setTimeout(() => this.#children.kill(child), graceMs).unref()
  }

  async read(number: number, range: OutputRange): Promise<Uint8Array | undefined> {
    const run = this.#runs.get(number)
    return run && (await this.#reports.read(run, range))
  }

  recall(number: number): void {
    this.#takeBack(number)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#lookout.close()
    await this.#children.close()
    for (const run of this.#runs.values()) this.#aftermath.giveBack(run, 'the executor was closed')
    await this.#reports.settled()
    // What still ran is given back in the next turn: before this is over, not after.
    await setImmediate()
  }

  #launchSpares(sandbox: Hardening | undefined): void {
    this.#children.sandbox = sandbox
    for (let more = this.#init.spares ?? 0; more > 0; more--) {
      this.#dispatcher.addSpare(this.#children.launch(undefined))
    }
  }

  #childrenEvents(): ChildrenEvents {
    return {
      onReady: (child) => this.#onReady(child),
      onEnd: (run, end) => this.#onEnd(run, end),
      onOutput: (run, stream, bytes) => this.#onOutput(run, stream, bytes),
      onProgress: (run, value) => this.#events.onProgress(run.start.run, copyOf(value)),
      onSkipped: (run) => this.#onSkipped(run),
      onNotice: (text) => this.#events.onNotice(text),
      onHeard: (child) => this.#onHeard(child),
      onGone: (child, death) => this.#onGone(child, death),
      onLost: (children, why, wasReady) => this.#onLost(children, why, wasReady)
    }
  }

  #launch(crew: Crew): Child | undefined {
    try {
      return this.#children.launch(crew.work.spec.memoryBytesMax)
    } catch (error) {
      this.#noteSpace(error)
      this.#aftermath.ofRefusal(crew, toError(error).message)
      return undefined
    }
  }

  /** Before the ends of the runs, which come in a later microtask, too. */
  #noteSpace(error: unknown): void {
    if (isNoSpace(error)) queueMicrotask(() => this.#events.onNoSpace())
  }

  #give(child: Child, run: Run): boolean {
    try {
      child.send(run)
      this.#lookout.lookLater()
      return true
    } catch (error) {
      this.#noteSpace(error)
      const reason = `its code could not be handed to a process: ${toError(error).message}`
      this.#forget(run)
      this.#reports.unrun(run.start.run, 'refused', reason)
      return false
    }
  }

  #retire(child: Child): void {
    this.#dispatcher.removeChild(child)
    this.#children.retire(child)
  }

  /** Reports a task that has not begun as returned; false for any other. */
  #takeBack(number: number): boolean {
    const run = this.#runs.get(number)
    if (run === undefined) return false
    if (run.state === 'sent') this.#dispatcher.putBack(run.child?.revoke() ?? [])
    if (run.state !== 'waiting') return false
    this.#dispatcher.removeRun(run)
    this.#forget(run)
    this.#reports.unrun(number, 'returned', 'it had not begun')
    this.#dispatchLater()
    return true
  }

  #onReady(child: Child): void {
    const crew = this.#dispatcher.crew(child)
    if (crew !== undefined) crew.failedStarts = 0
    this.#dispatch()
  }

  #onEnd(run: Run, end: ChildEnd): void {
    this.#forget(run)
    run.work.pace.count(end.runtimeMs)
    run.work.fn.pace.count(end.runtimeMs)
    this.#reports.ended(run, end)
  }

  #onOutput(run: Run, stream: number, bytes: Uint8Array): boolean {
    if (this.#reports.onOutput(run, stream, bytes)) return true
    this.#reports.onceDrained(run, () => run.child?.resume())
    return false
  }

  #onSkipped(run: Run): void {
    this.#dispatcher.putBack([run])
    if (run.isStopping) this.#takeBack(run.start.run)
  }

  #onHeard(child: Child): void {
    if (child.size === 0 && child.isRetiring && child.state === 'ready') this.#retire(child)
    this.#dispatch()
    this.#lookout.retireIdleLater()
  }

  #onGone(child: Child, death: Death): void {
    this.#aftermath.ofDeath(child, death, this.#children.isSandboxed)
    this.#dispatch()
  }

  #onLost(children: readonly Child[], why: string, wasReady: boolean): void {
    const reason = `the helper that starts functions died (${why})`
    if (wasReady) this.#events.onNotice(`${reason}; a new one takes over`)
    else
      for (const child of children) this.#aftermath.ofRefusal(this.#dispatcher.crew(child), reason)
    this.#aftermath.ofLoss(children, reason)
    this.#dispatch()
  }

  #forget(run: Run): void {
    run.state = 'ended'
    this.#reports.forget(run)
    clearTimeout(run.killTimer)
    this.#runs.delete(run.start.run)
  }

  #dispatch(): void {
    if (this.#closing === undefined) this.#dispatcher.dispatch()
  }

  /** Once for all that is taken back at a time. */
  #dispatchLater(): void {
    if (this.#isDispatchDue) return
    this.#isDispatchDue = true
    queueMicrotask(() => {
      this.#isDispatchDue = false
      this.#dispatch()
    })
  }
}
