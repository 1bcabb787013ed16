/**
 * Runs tasks in slots and gathers what they print: the inside of the spawner process.
 *
 * A task passes through `#give` (its script goes to a slot's shell), `#begun`, `#shellEnded`, if it
 * has to be ended through TreeEndings, and `#settle` (the slot is free, the output is gathered, the
 * end is reported). Of short tasks, each slot is given one more than it runs; that one comes back
 * to the front of the queue when a slot is free, or when what runs turns out to be long.
 */
import { randomBytes } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { toError } from '../core/errors.ts'
import type { ShellSpec } from '../core/spec.ts'
import type { RunResult } from './executor.ts'
import { makeFifos } from './fifo.ts'
import { COOKIE_NAME, SHELL_RUN, killProcesses } from './processes.ts'
import { Reports } from './reports.ts'
import { Slot } from './slot.ts'
import type { SlotEvents, SlotInit } from './slot.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest, TaskOrder } from './spawner-messages.ts'
import { TaskOutput } from './task-output.ts'
import type { PipePair, Printed } from './task-output.ts'
import { TaskPlanner } from './task-plan.ts'
import type { TaskPlan } from './task-plan.ts'
import { TreeEndings, isLeftover } from './tree-endings.ts'
import { failure, refusal, verdictOf } from './verdict.ts'
import type { ShellEnd, Verdict } from './verdict.ts'

interface Waiting {
  readonly spec: ShellSpec
  readonly order: TaskOrder
  /** The node believes that it waits. */
  hasWaited: boolean
}

interface Run extends TaskPlan {
  readonly waiting: Waiting
  readonly slot: Slot<Run>
  startedAt: number
  startedMs: number
  endedMs: number
  end: ShellEnd | undefined
  isEnding: boolean
  output: TaskOutput
}

/** From when on the output of a task is read as it comes: its pipes hold only so much. */
const LISTEN_MS = 5
/** From when on nothing waits behind a task. */
const LONG_MS = 100
/** Tasks that take this long gain nothing from having the next one with the shell already. */
const SHORT_MS = 10
const NOTICED_MAX = 1_000
const NOTHING = new Uint8Array(0)
const NO_OUTPUT = { stdout: NOTHING, stderr: NOTHING, value: NOTHING }

export class Spawner {
  readonly #init: SpawnerInit
  readonly #owner: string
  readonly #send: (event: SpawnerEvent) => void
  readonly #slots: readonly Slot<Run>[]
  readonly #free: Slot<Run>[]
  readonly #planner: TaskPlanner
  readonly #endings: TreeEndings
  readonly #reports: Reports
  readonly #queue: Waiting[] = []
  /** What the shells were given. */
  readonly #runs = new Map<number, Run>()
  /** Those of them that wait behind another. */
  readonly #ahead = new Set<Run>()
  readonly #noticed = new Set<string>()
  #lastRuntimeMs = Infinity
  /** Pipes that leftovers have. */
  #leavers: (() => void)[] = []
  #lookTimer: NodeJS.Timeout | undefined
  #lookAt = 0
  #leftoverTimer: NodeJS.Timeout | undefined

  /** @param owner the identity of this process */
  constructor(init: SpawnerInit, owner: string, send: (event: SpawnerEvent) => void) {
    this.#init = init
    this.#owner = owner
    this.#send = send
    const token = randomBytes(12).toString('hex')
    const environment = { ...taskEnvironment(), [COOKIE_NAME]: `${owner}/${SHELL_RUN}` }
    const shell = { shell: init.shell, environment, token }
    const slots = Array.from({ length: init.slots }, (_, slot) => slotFiles(init.spool, slot))
    makeFifos(
      slots.flatMap(({ permits, outputs }) => [permits, ...outputs.flatMap(Object.values<string>)])
    )
    const events: SlotEvents<Run> = {
      onBegun: (run) => this.#begun(run),
      onEnd: (run, end) => this.#shellEnded(run, end),
      onLost: (run) => this.#takenBack(run)
    }
    this.#slots = slots.map((files) => new Slot({ ...shell, ...files }, events))
    this.#free = [...this.#slots]
    this.#planner = new TaskPlanner(init, owner, token, isDash(init.shell))
    this.#endings = new TreeEndings(owner, (text) => send({ type: 'notice', text }))
    this.#reports = new Reports(send, () => this.#queue.length >= this.#slots.length)
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
    const waiting = tasks.map((order) => ({ spec, order, hasWaited: false }))
    for (const each of waiting) this.#queue.push(each)
    this.#fill()
    for (const each of waiting) each.hasWaited = true
  }

  /** Ends every process and removes every file, at once; nothing is reported any more. */
  close(): void {
    this.#reports.close()
    clearTimeout(this.#lookTimer)
    clearTimeout(this.#leftoverTimer)
    for (const slot of this.#slots) slot.kill()
    killProcesses(({ owner }) => owner === this.#owner)
    rmSync(this.#init.spool, { recursive: true, force: true, maxRetries: 3 })
  }

  #fill(): void {
    while (this.#free.length > 0 && (this.#queue.length > 0 || this.#takeBackOne())) {
      const slot = this.#free.pop()
      const next = this.#queue.shift()
      if (slot !== undefined && next !== undefined && !this.#give(slot, next)) this.#free.push(slot)
    }
    if (this.#queue.length > 0 && this.#lastRuntimeMs < SHORT_MS) this.#giveAhead()
  }

  /** Gives one more task to every slot whose task cannot have proved to be long. */
  #giveAhead(): void {
    const since = performance.now() - SHORT_MS
    for (const { slot, startedMs, isEnding } of this.#runs.values()) {
      if (isEnding || startedMs < since || !slot.hasRoomForNext) continue
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#give(slot, next)
    }
  }

  /** Puts a task that waits behind another into the queue again; false if there is none. */
  #takeBackOne(): boolean {
    for (const { slot } of this.#ahead) if (slot.takeBackNext()) return true
    return false
  }

  /** Gives a task to a slot; false if it cannot be run at all. */
  #give(slot: Slot<Run>, waiting: Waiting): boolean {
    const { spec, order } = waiting
    const pair = slot.freePair
    const plan = this.#plan(spec, order, pair)
    if ('outcome' in plan) {
      this.#report(order.run, plan, { startedAt: Date.now(), runtimeMs: 0 })
      return false
    }
    const times = { startedAt: 0, startedMs: Infinity, endedMs: 0 }
    const output = new TaskOutput({
      pair,
      files: plan.files,
      bytesMax: spec.outputBytesMax,
      onTooMuch: () => {
        if (run.end === undefined) this.#endTree(run, 0)
      }
    })
    const run: Run = { ...plan, waiting, slot, ...times, end: undefined, isEnding: false, output }
    this.#runs.set(order.run, run)
    this.#ahead.add(run)
    slot.run(run)
    return true
  }

  #begun(run: Run): void {
    const { spec, order, hasWaited } = run.waiting
    this.#ahead.delete(run)
    run.startedAt = Date.now()
    run.startedMs = performance.now()
    run.endedMs = run.startedMs
    if (run.scratch !== undefined) this.#noticeMissing(spec, order)
    if (hasWaited) this.#reports.addBegun(order.run)
    this.#lookIn(LISTEN_MS, run.startedMs)
  }

  #takenBack(run: Run): void {
    const { waiting, scratch, output } = run
    output.giveUp()
    this.#ahead.delete(run)
    this.#runs.delete(waiting.order.run)
    this.#queue.unshift(waiting)
    if (scratch !== undefined) void this.#removeScratch(scratch)
  }

  #plan(spec: ShellSpec, order: TaskOrder, pair: PipePair): TaskPlan | Verdict {
    try {
      return this.#planner.plan(spec, order, pair)
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
    const given = this.#runs.get(run)
    if (given !== undefined && this.#ahead.has(given)) given.slot.takeBackNext()
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
    const { slot } = run
    // What is behind it must not be hit. If that has begun, this one has ended, and we shall hear so.
    if (!this.#ahead.has(run) && slot.next !== undefined && !slot.takeBackNext()) return
    run.isEnding = true
    const tree = {
      run: run.waiting.order.run,
      group: slot.group,
      hasEnded: () => run.end !== undefined,
      killGroup: () => slot.kill(),
      onGone: () => this.#settle(run)
    }
    this.#endings.end(tree, graceMs)
    this.#fill()
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
    const { slot, waiting, startedAt, startedMs } = run
    this.#runs.delete(waiting.order.run)
    this.#ahead.delete(run)
    if (run.end === undefined) slot.abandon()
    // Its pipes are for the next task.
    for (const leave of run.output.finish()) this.#leavers.push(leave)
    if (slot.isIdle) this.#free.push(slot)
    this.#lastRuntimeMs = run.endedMs - startedMs
    this.#leftoverTimer ??= setTimeout(() => this.#sweep(), this.#init.leftoverMs)
    this.#fill()
    const verdict = verdictOf(run.end ?? { type: 'signal', signal: 'SIGKILL' })
    const times = { startedAt, runtimeMs: Math.round(run.endedMs - startedMs) }
    this.#gather(run, verdict, times)
    if (run.scratch !== undefined) void this.#removeScratch(run.scratch)
  }

  #gather(run: Run, verdict: Verdict, times: Times): void {
    const { run: number } = run.waiting.order
    const little = run.output.takeLittle()
    if (little !== undefined) {
      this.#reportPrinted(run, verdict, times, little)
      return
    }
    run.output.takeMuch(`${this.#init.handover}-${number}`).then(
      (much) => this.#reportPrinted(run, verdict, times, much),
      (error: unknown) => {
        const reason = `the output of the task could not be kept: ${toError(error).message}`
        this.#report(number, refusal(reason), times)
      }
    )
  }

  #reportPrinted(run: Run, verdict: Verdict, times: Times, printed: Printed): void {
    const { order, spec } = run.waiting
    const { isCut, stdout, stderr } = printed
    const reason = `printed more than the ${spec.outputBytesMax} bytes it may; only these were kept`
    const final = isCut ? failure(reason, verdict) : verdict
    this.#report(order.run, final, { ...times, stdout, stderr })
  }

  async #removeScratch(folder: string): Promise<void> {
    try {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      this.#send({ type: 'notice', text: `${toError(error).message}; remove the folder by hand` })
    }
  }

  #report(run: number, verdict: Verdict, rest: Times & Partial<RunResult>): void {
    this.#reports.addEnd({ run, result: { ...NO_OUTPUT, ...verdict, ...rest } })
  }

  #lookIn(ms: number, now: number): void {
    if (this.#lookTimer !== undefined && this.#lookAt <= now + ms) return
    clearTimeout(this.#lookTimer)
    this.#lookAt = now + ms
    this.#lookTimer = setTimeout(() => this.#look(), ms)
  }

  /** Looks at what has run for a while. */
  #look(): void {
    const now = performance.now()
    this.#lookTimer = undefined
    for (const run of [...this.#runs.values()]) {
      if (now - run.startedMs >= LISTEN_MS) run.output.listen()
      if (now - run.startedMs >= LONG_MS) run.slot.takeBackNext()
    }
    this.#fill()
    if (this.#runs.size > 0) this.#lookIn(LONG_MS, now)
  }

  #sweep(): void {
    this.#leftoverTimer = undefined
    for (const leave of this.#leavers.splice(0)) leave()
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

function slotFiles(spool: string, slot: number): Pick<SlotInit, 'permits' | 'outputs'> {
  const base = `${spool}/slot-${slot}`
  const outputs = ['a', 'b'].map((pair) => ({
    stdout: `${base}.${pair}.stdout`,
    stderr: `${base}.${pair}.stderr`
  }))
  return { permits: `${base}.permits`, outputs }
}
