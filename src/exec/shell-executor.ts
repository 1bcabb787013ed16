/**
 * The executor for command lines: keeps one spawner process and hands tasks to it.
 *
 * If the spawner dies, what it ran goes back unblamed, its processes are found by their cookie and
 * killed, and another one takes over.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { P2pJobsError, toError } from '../core/errors.ts'
import { emptyResult } from '../core/result.ts'
import type { Outcome } from '../core/result.ts'
import { Batch } from './batch.ts'
import type { ShellSpec } from '../core/spec.ts'
import type { Executor, ExecutorEvents, OutputRange, RunEnd, TaskStart } from './executor.ts'
import { cleanUpAfterTheDead } from './leftovers.ts'
import { identityOf, killProcesses } from './processes.ts'
import { SpawnerLink } from './spawner-link.ts'
import type { SpawnerEvent, TaskOrder } from './spawner-messages.ts'

export interface ShellExecutorInit {
  /** The most tasks that run at once. */
  readonly slots: number
  /** An existing folder, for executors only; what dead ones left in it is removed. */
  readonly folder: string
  /** What the node has on disk, `folder` included: helpers remove it when the node is gone. */
  readonly remains?: string | undefined
  /** How long a stopped task may take to end by itself before it is killed. */
  readonly graceMs?: number
  /** How long processes that outlive their task are left alone, at most. */
  readonly leftoverMs?: number
  readonly shell?: string
}

const GRACE_MS = 5_000
const LEFTOVER_MS = 10_000
const SHELL = '/bin/sh'
/** A spawner has no reason to take this long to leave: it only kills and removes. */
const CLOSE_WAIT_MS = 10_000

type ShellStart = TaskStart<ShellSpec>

/** Tells the folders of one process's spawners apart. */
let spawnersMade = 0

/**
 * An executor for shell specs that is ready to start tasks.
 *
 * Also ends the tasks and removes the files of executors whose processes were killed.
 * @throws P2pJobsError EXECUTOR_FAILED
 */
export async function createShellExecutor(
  init: ShellExecutorInit,
  events: ExecutorEvents
): Promise<Executor<ShellSpec>> {
  const executor = new ShellExecutor(init, events)
  try {
    // While its spawner starts: what it makes cannot be taken for a dead one's.
    cleanUpAfterTheDead(init.folder)
    await executor.ready
    return executor
  } catch (error) {
    await executor.close()
    const message = `cannot start the helper process that runs tasks: ${toError(error).message}; check the folder ${init.folder} and the limits on processes`
    throw new P2pJobsError('EXECUTOR_FAILED', message, { cause: error })
  }
}

class ShellExecutor implements Executor<ShellSpec> {
  readonly #init: ShellExecutorInit
  readonly #events: ExecutorEvents
  readonly #running = new Set<number>()
  readonly #ends: Batch<RunEnd>
  /** Who waits for an answer of the spawner. */
  readonly #reads = new Map<number, (bytes: Uint8Array | undefined) => void>()
  #lastRead = 0
  #current: { link: SpawnerLink; owner: string | undefined; spool: string } | undefined
  #closing: Promise<void> | undefined
  /** Settles when the first spawner is ready, or is not going to be. */
  readonly ready: Promise<void>

  constructor(init: ShellExecutorInit, events: ExecutorEvents) {
    this.#init = init
    this.#events = events
    this.#ends = new Batch((ends) => events.onEnded(ends))
    this.ready = new Promise((resolve, reject) => this.#open(resolve, reject))
  }

  start(tasks: readonly ShellStart[]): void {
    if (this.#closing !== undefined) {
      for (const { run } of tasks) this.#giveBack(run, 'returned', 'the executor is closed')
      return
    }
    if (this.#current === undefined && !this.#reopen(tasks)) return
    for (const { run } of tasks) this.#running.add(run)
    for (const group of groupedBySpec(tasks)) {
      const spec = group[0]?.spec
      if (spec === undefined) continue
      this.#current?.link.send({ type: 'start', spec, tasks: group.map(orderOf) })
    }
  }

  stop(run: number): void {
    if (this.#running.has(run)) this.#current?.link.send({ type: 'stop', run })
  }

  read(run: number, range: OutputRange): Promise<Uint8Array | undefined> {
    if (!this.#running.has(run) || this.#current === undefined) return Promise.resolve(undefined)
    const read = ++this.#lastRead
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>()
    this.#reads.set(read, resolve)
    this.#current.link.send({ type: 'read', read, run, ...range })
    return promise
  }

  recall(run: number): void {
    if (this.#running.has(run)) this.#current?.link.send({ type: 'recall', run })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const current = this.#current
    if (current === undefined) return
    current.link.send({ type: 'close' })
    const timer = setTimeout(() => current.link.kill(), CLOSE_WAIT_MS)
    await current.link.gone
    clearTimeout(timer)
    // What still ran is given back in the next turn: before this is over, not after.
    await setImmediate()
  }

  /** Starts a spawner for tasks that find none; without one they are refused. */
  #reopen(tasks: readonly ShellStart[]): boolean {
    try {
      this.#open(
        () => undefined,
        () => undefined
      )
      return true
    } catch (error) {
      const reason = `the helper process that runs tasks cannot be started: ${toError(error).message}`
      for (const { run } of tasks) this.#giveBack(run, 'refused', reason)
      return false
    }
  }

  #open(onReady: () => void, onFailed: (error: Error) => void): void {
    const {
      slots,
      folder,
      remains,
      graceMs = GRACE_MS,
      leftoverMs = LEFTOVER_MS,
      shell = SHELL
    } = this.#init
    spawnersMade++
    const handover = join(folder, `${identityOf(process.pid)}-${spawnersMade}`)
    const spool = `${handover}-spool`
    mkdirSync(spool, { mode: 0o700 })
    const link = new SpawnerLink(
      { slots, spool, remains, handover, graceMs, leftoverMs, shell },
      {
        onEvent: (event) => {
          if (event.type === 'ready') onReady()
          this.#hear(event)
        },
        onGone: (why, isInOrder) => {
          onFailed(new Error(why))
          this.#spawnerGone(why, isInOrder)
        }
      }
    )
    this.#current = { link, owner: undefined, spool }
  }

  #hear(event: SpawnerEvent): void {
    if (event.type === 'ready') {
      if (this.#current !== undefined) this.#current.owner = event.owner
    } else if (event.type === 'started') {
      this.#events.onStarted(event.runs)
    } else if (event.type === 'notice') {
      this.#events.onNotice(event.text)
    } else if (event.type === 'no-space') {
      this.#events.onNoSpace()
    } else if (event.type === 'printed') {
      this.#events.onPrinted(event.run, event.stream)
    } else if (event.type === 'read') {
      this.#reads.get(event.read)?.(event.bytes)
      this.#reads.delete(event.read)
    } else {
      for (const { run } of event.ends) this.#running.delete(run)
      this.#events.onEnded(event.ends)
    }
  }

  #spawnerGone(why: string, isInOrder: boolean): void {
    const gone = this.#current
    this.#current = undefined
    for (const resolve of this.#reads.values()) resolve(undefined)
    this.#reads.clear()
    if (gone === undefined) return
    if (gone.owner !== undefined && !isInOrder) {
      killProcesses(({ owner }) => owner === gone.owner)
    }
    rmSync(gone.spool, { recursive: true, force: true, maxRetries: 3 })
    const isClosing = this.#closing !== undefined
    const reason = isClosing ? 'the executor was closed' : `the helper that ran it died (${why})`
    // One that never became ready could not start them; otherwise nobody is to blame.
    const outcome = gone.owner === undefined && !isClosing ? 'refused' : 'returned'
    for (const run of this.#running) this.#giveBack(run, outcome, reason)
    this.#running.clear()
    if (isClosing || gone.owner === undefined) return
    this.#events.onNotice(`the helper process that runs tasks died (${why}); a new one takes over`)
    this.#reopen([])
  }

  #giveBack(run: number, outcome: Outcome, reason: string): void {
    const { startedAt, runtimeMs, exitCode, signal } = emptyResult(outcome, reason)
    const nothing = new Uint8Array(0)
    const outputs = { stdout: nothing, stderr: nothing, value: nothing }
    const rest = { startedAt, runtimeMs, exitCode, signal, ...outputs }
    this.#ends.add({ run, result: { outcome, reason, ...rest } })
  }
}

/** Runs of tasks of one spec, so that it is sent once for all of them. */
function groupedBySpec(tasks: readonly ShellStart[]): ShellStart[][] {
  const groups: ShellStart[][] = []
  for (const task of tasks) {
    const last = groups.at(-1)
    if (last?.[0]?.spec === task.spec) last.push(task)
    else groups.push([task])
  }
  return groups
}

function orderOf({ run, job, task, attempt, input }: ShellStart): TaskOrder {
  return { run, job, task, attempt, input }
}
