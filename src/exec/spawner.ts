/**
 * Runs tasks in slots and gathers what they print: the inside of the spawner process.
 *
 * A task passes through `begin` (its script goes to its slot's shell), `#shellEnded`, if it has to
 * be ended through TreeEndings, and `#settle` (the slot is free, the output is gathered, the end
 * is reported).
 */
import { randomBytes } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { toError } from '../core/errors.ts'
import type { ShellSpec } from '../core/spec.ts'
import { Batch } from './batch.ts'
import type { RunEnd, RunResult } from './executor.ts'
import { fileBytes, gatherOutput } from './output-files.ts'
import { COOKIE_NAME, SHELL_RUN, killProcesses } from './processes.ts'
import { Slot } from './slot.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest, TaskOrder } from './spawner-messages.ts'
import { TaskPlanner } from './task-plan.ts'
import type { TaskPlan } from './task-plan.ts'
import { TreeEndings, isLeftover } from './tree-endings.ts'
import { failure, refusal, verdictOf } from './verdict.ts'
import type { ShellEnd, Verdict } from './verdict.ts'

interface Run extends TaskPlan {
  readonly order: TaskOrder
  readonly spec: ShellSpec
  readonly slot: Slot
  readonly startedAt: number
  readonly startedMs: number
  endedMs: number
  end: ShellEnd | undefined
  isEnding: boolean
  isOverCap: boolean
}

const SIZE_POLL_MS = 100
/** After this long a beginning is told. */
const BEGUN_MS = 10
const NOTICED_MAX = 1_000
const NOTHING = new Uint8Array(0)
const NO_OUTPUT = { stdout: NOTHING, stderr: NOTHING, value: NOTHING }

export class Spawner {
  readonly #init: SpawnerInit
  readonly #owner: string
  readonly #send: (event: SpawnerEvent) => void
  readonly #slots: readonly Slot[]
  readonly #free: Slot[]
  readonly #planner: TaskPlanner
  readonly #endings: TreeEndings
  readonly #ends: Batch<RunEnd>
  readonly #queue: { spec: ShellSpec; order: TaskOrder; hasWaited: boolean }[] = []
  #begun: number[] = []
  readonly #runs = new Map<number, Run>()
  readonly #noticed = new Set<string>()
  #begunTimer: NodeJS.Timeout | undefined
  #pollTimer: NodeJS.Timeout | undefined
  #leftoverTimer: NodeJS.Timeout | undefined

  /** @param owner the identity of this process */
  constructor(init: SpawnerInit, owner: string, send: (event: SpawnerEvent) => void) {
    this.#init = init
    this.#owner = owner
    this.#send = send
    const token = randomBytes(12).toString('hex')
    const environment = { ...taskEnvironment(), [COOKIE_NAME]: `${owner}/${SHELL_RUN}` }
    const shell = { shell: init.shell, environment, token }
    this.#slots = Array.from({ length: init.slots }, () => new Slot(shell))
    this.#free = [...this.#slots]
    this.#planner = new TaskPlanner(init, owner, token, isDash(init.shell))
    this.#endings = new TreeEndings(owner, (text) => send({ type: 'notice', text }))
    this.#ends = new Batch((ends) => send({ type: 'ended', ends }))
  }

  /** Does what the node asks for. */
  handle(request: Exclude<SpawnerRequest, { type: 'close' }>): void {
    if (request.type === 'recall') {
      this.#giveBack(request.run)
      return
    }
    if (request.type === 'stop') {
      this.#stop(request.run)
      return
    }
    const { spec, tasks } = request
    for (const order of tasks) this.#queue.push({ spec, order, hasWaited: false })
    this.#fill()
    for (const waiting of this.#queue) waiting.hasWaited = true
  }

  /** Ends every process and removes every file, at once; nothing is reported any more. */
  close(): void {
    clearTimeout(this.#begunTimer)
    clearTimeout(this.#pollTimer)
    clearTimeout(this.#leftoverTimer)
    for (const slot of this.#slots) slot.kill()
    killProcesses(({ owner }) => owner === this.#owner)
    rmSync(this.#init.spool, { recursive: true, force: true, maxRetries: 3 })
  }

  #fill(): void {
    for (;;) {
      const slot = this.#free.at(-1)
      const next = slot === undefined ? undefined : this.#queue.shift()
      if (slot === undefined || next === undefined) return
      this.#begin(slot, next.spec, next.order)
      if (next.hasWaited) this.#noteBegun(next.order.run)
    }
  }

  #begin(slot: Slot, spec: ShellSpec, order: TaskOrder): void {
    const startedAt = Date.now()
    const plan = this.#plan(spec, order)
    if ('outcome' in plan) {
      this.#report(order.run, plan, { startedAt, runtimeMs: 0 })
      return
    }
    this.#free.pop()
    const startedMs = performance.now()
    const ending = { end: undefined, isEnding: false, isOverCap: false, endedMs: startedMs }
    const run: Run = { ...plan, order, spec, slot, startedAt, startedMs, ...ending }
    this.#runs.set(order.run, run)
    if (plan.scratch !== undefined) this.#noticeMissing(spec, order)
    slot.run(plan.script, (end) => this.#shellEnded(run, end))
    this.#pollTimer ??= setTimeout(() => this.#pollSizes(), SIZE_POLL_MS)
  }

  /** Most tasks have ended before anybody would have heard of their beginning. */
  #noteBegun(run: number): void {
    if (this.#begun.push(run) > 1) return
    this.#begunTimer = setTimeout(() => {
      const runs = this.#begun.filter((each) => this.#runs.has(each))
      this.#begun = []
      if (runs.length > 0) this.#send({ type: 'started', runs })
    }, BEGUN_MS)
  }

  #plan(spec: ShellSpec, order: TaskOrder): TaskPlan | Verdict {
    try {
      return this.#planner.plan(spec, order)
    } catch (error) {
      return refusal(`no folder could be made for the task: ${toError(error).message}`)
    }
  }

  #noticeMissing(spec: ShellSpec, order: TaskOrder): void {
    const key = `${order.job} ${spec.directory}`
    if (this.#noticed.has(key)) return
    if (this.#noticed.size >= NOTICED_MAX) this.#noticed.clear()
    this.#noticed.add(key)
    const folder = JSON.stringify(spec.directory)
    const text = `job ${order.job}: the folder ${folder} is not on this machine; its tasks run in empty folders`
    this.#send({ type: 'notice', text })
  }

  /** Reports a task that has not begun as returned; false for any other. */
  #giveBack(run: number): boolean {
    const queued = this.#queue.findIndex(({ order }) => order.run === run)
    if (queued < 0) return false
    this.#queue.splice(queued, 1)
    const returned = { ...refusal('it had not begun'), outcome: 'returned' as const }
    this.#report(run, returned, { startedAt: Date.now(), runtimeMs: 0 })
    return true
  }

  #stop(runNumber: number): void {
    if (this.#giveBack(runNumber)) return
    const run = this.#runs.get(runNumber)
    if (run !== undefined) this.#endTree(run, this.#init.graceMs)
  }

  #endTree(run: Run, graceMs: number): void {
    run.isEnding = true
    const { slot } = run
    const tree = {
      run: run.order.run,
      group: slot.group,
      hasEnded: () => run.end !== undefined,
      killGroup: () => slot.kill(),
      onGone: () => this.#settle(run)
    }
    this.#endings.end(tree, graceMs)
  }

  #shellEnded(run: Run, end: ShellEnd): void {
    run.end = end
    run.endedMs = performance.now()
    if (run.isEnding) return
    // The shell died with its task, by `kill -9 0` or from outside: its group has lost its leader.
    if (end.type === 'status') this.#settle(run)
    else this.#endTree(run, 0)
  }

  #settle(run: Run): void {
    this.#runs.delete(run.order.run)
    this.#free.push(run.slot)
    this.#leftoverTimer ??= setTimeout(() => this.#sweep(), this.#init.leftoverMs)
    this.#fill()
    const end = run.end ?? { type: 'signal', signal: 'SIGKILL' }
    const times = { startedAt: run.startedAt, runtimeMs: Math.round(run.endedMs - run.startedMs) }
    this.#gather(run, verdictOf(end), times).catch((error: unknown) => {
      const reason = `the output of the task could not be kept: ${toError(error).message}`
      this.#report(run.order.run, refusal(reason), times)
    })
  }

  async #gather(run: Run, verdict: Verdict, times: Times): Promise<void> {
    const { run: number } = run.order
    const output = await gatherOutput({
      ...run,
      bytesMax: run.spec.outputBytesMax,
      handover: `${this.#init.handover}-${number}`,
      endWriters: () =>
        killProcesses((found) => found.owner === this.#owner && found.run === number)
    })
    const { isCut, stdout, stderr } = output
    const reason = `printed more than the ${run.spec.outputBytesMax} bytes it may; only these were kept`
    const final = isCut || run.isOverCap ? failure(reason, verdict) : verdict
    this.#report(number, final, { ...times, stdout, stderr })
    if (run.scratch !== undefined) await this.#removeScratch(run.scratch)
  }

  async #removeScratch(folder: string): Promise<void> {
    try {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      this.#send({ type: 'notice', text: `${toError(error).message}; remove the folder by hand` })
    }
  }

  #report(run: number, verdict: Verdict, rest: Times & Partial<RunResult>): void {
    this.#ends.add({ run, result: { ...NO_OUTPUT, ...verdict, ...rest } })
  }

  #pollSizes(): void {
    const since = performance.now() - SIZE_POLL_MS
    for (const run of this.#runs.values()) {
      if (run.startedMs > since || run.isOverCap) continue
      const bytes = fileBytes(run.stdout) + fileBytes(run.stderr)
      if (bytes <= run.spec.outputBytesMax) continue
      run.isOverCap = true
      this.#endTree(run, 0)
    }
    this.#pollTimer =
      this.#runs.size > 0 ? setTimeout(() => this.#pollSizes(), SIZE_POLL_MS) : undefined
  }

  #sweep(): void {
    this.#leftoverTimer = undefined
    killProcesses((found) => isLeftover(found, this.#owner, (run) => this.#runs.has(run)))
  }
}

type Times = Pick<RunResult, 'startedAt' | 'runtimeMs'>

/** What the spawner itself was started with is what tasks get, less what a shell adds by itself. */
function taskEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined)
  )
}

function isDash(shell: string): boolean {
  try {
    return basename(realpathSync(shell)) === 'dash'
  } catch {
    // No such shell: the first task that needs it says so.
    return false
  }
}
