/**
 * Runs tasks in slots and gathers what they print: the inside of the spawner process.
 *
 * A task passes through the Allotment, `#prepare` (its script goes to a slot's shell), `#begun`,
 * `#shellEnded`, if it has to be ended through TreeEndings, and `#settle` (the slot is free, the
 * output is gathered, the end is reported).
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { isNoSpace, toError } from '../core/errors.ts'
import { Allotment } from './allotment.ts'
import type { Allotted, Waiting } from './allotment.ts'
import type { RunResult } from './executor.ts'
import { Followed } from './followed.ts'
import type { PipePair } from './pipe-pair.ts'
import { killProcesses } from './processes.ts'
import { Reports } from './reports.ts'
import { Slot } from './slot.ts'
import { isDash, setUpSlots } from './slot-setup.ts'
import type { SlotEvents } from './slot.ts'
import type { SpawnerEvent, SpawnerInit, SpawnerRequest } from './spawner-messages.ts'
import { TaskOutput } from './task-output.ts'
import type { Printed } from './task-output.ts'
import { TaskPlanner } from './task-plan.ts'
import type { TaskPlan } from './task-plan.ts'
import { TreeEndings, isLeftover } from './tree-endings.ts'
import { failure, refusal, verdictOf } from './verdict.ts'
import type { ShellEnd, Verdict } from './verdict.ts'

interface Run extends TaskPlan, Allotted<Run> {
  readonly output: TaskOutput
  startedAt: number
  startedMs: number
  endedMs: number
  end: ShellEnd | undefined
  isEnding: boolean
}

/** From when on the output of a task is read as it comes: its pipes hold only so much. */
const LISTEN_MS = 5
/** From when on nothing waits behind a task. */
const LONG_MS = 100
const NOTICED_MAX = 1_000
const NOTHING = new Uint8Array(0)
const NO_OUTPUT = { stdout: NOTHING, stderr: NOTHING, value: NOTHING }

export class Spawner {
  readonly #init: SpawnerInit
  readonly #owner: string
  readonly #send: (event: SpawnerEvent) => void
  readonly #slots: readonly Slot<Run>[]
  readonly #allotment: Allotment<Run>
  readonly #planner: TaskPlanner
  readonly #endings: TreeEndings
  readonly #reports: Reports
  readonly #followed: Followed
  readonly #noticed = new Set<string>()
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
    const events: SlotEvents<Run> = {
      onBegun: (run) => this.#begun(run),
      onEnd: (run, end) => this.#shellEnded(run, end),
      onLost: (run) => this.#lost(run)
    }
    this.#slots = setUpSlots(init, owner, token).map((slot) => new Slot(slot, events))
    this.#allotment = new Allotment(this.#slots, (slot, waiting) => this.#prepare(slot, waiting))
    this.#planner = new TaskPlanner(init, owner, token, isDash(init.shell))
    this.#endings = new TreeEndings(owner, (text) => send({ type: 'notice', text }))
    this.#followed = new Followed((run, stream) => send({ type: 'printed', run, stream }))
    this.#reports = new Reports(send, () => this.#allotment.waiting >= init.slots)
  }

  /** Does what the node asks for. */
  handle(request: Exclude<SpawnerRequest, { type: 'init' | 'close' }>): void {
    if (request.type === 'start') {
      const { spec, tasks } = request
      this.#allotment.add(tasks.map((order) => ({ spec, order, hasWaited: false })))
    } else if (request.type === 'read') {
      this.#send({ type: 'read', read: request.read, bytes: this.#read(request) })
    } else if (!this.#giveBack(request.run) && request.type === 'stop') {
      const run = this.#allotment.runs.get(request.run)
      if (run !== undefined) this.#endTree(run, this.#init.graceMs)
    }
  }

  #read({ run, ...range }: ReadRequest): Uint8Array | undefined {
    if (!this.#allotment.has(run)) return undefined
    const output = this.#allotment.runs.get(run)?.output
    try {
      const bytes = output?.read(range) ?? NOTHING
      if (bytes.length === 0) this.#followed.add(run, range.stream)
      return bytes
    } catch {
      // The disk is at fault, which the task's result will say.
      return undefined
    }
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

  /** Everything that a task needs to be run, or nothing: then it has been reported. */
  #prepare(slot: Slot<Run>, waiting: Waiting): Run | undefined {
    const { spec, order } = waiting
    const now = performance.now()
    const pair = slot.freePair()
    const plan = this.#plan(waiting, pair, now)
    if ('outcome' in plan) {
      this.#followed.forget(order.run)
      this.#report(order.run, plan, { startedAt: Date.now(), runtimeMs: 0 })
      return undefined
    }
    const output = new TaskOutput({
      pair,
      files: plan.files,
      bytesMax: spec.outputBytesMax,
      onPrinted: (stream) => this.#followed.printed(order.run, stream),
      onTooMuch: () => {
        if (run.end === undefined) this.#endTree(run, 0)
      }
    })
    const times = { startedAt: 0, startedMs: Infinity, endedMs: 0 }
    const run: Run = { ...plan, waiting, slot, ...times, end: undefined, isEnding: false, output }
    return run
  }

  #plan({ spec, order }: Waiting, pair: PipePair, now: number): TaskPlan | Verdict {
    try {
      pair.ensure(now)
    } catch (error) {
      return this.#refusalOf('its output cannot be caught', error)
    }
    try {
      return this.#planner.plan(spec, order, pair, now)
    } catch (error) {
      return this.#refusalOf('no folder could be made for the task', error)
    }
  }

  #refusalOf(what: string, error: unknown): Verdict {
    if (isNoSpace(error)) this.#send({ type: 'no-space' })
    return refusal(`${what}: ${toError(error).message}`)
  }

  #begun(run: Run): void {
    const { waiting } = run
    this.#allotment.onBegun(run)
    run.startedAt = Date.now()
    run.startedMs = performance.now()
    run.endedMs = run.startedMs
    if (run.scratch !== undefined) this.#noticeMissing(waiting)
    if (waiting.hasWaited) this.#reports.addBegun(waiting.order.run)
    this.#lookIn(LISTEN_MS, run.startedMs)
  }

  #lost(run: Run): void {
    run.output.giveUp()
    this.#allotment.onLost(run)
    if (run.scratch !== undefined) void this.#removeScratch(run.scratch)
  }

  #noticeMissing({ spec, order }: Waiting): void {
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
    if (!this.#allotment.remove(run)) return false
    this.#followed.forget(run)
    const returned = { ...refusal('it had not begun'), outcome: 'returned' as const }
    this.#report(run, returned, { startedAt: Date.now(), runtimeMs: 0 })
    return true
  }

  #endTree(run: Run, graceMs: number): void {
    const { slot } = run
    // It has ended: that is about to be heard, and what has begun behind it must not be hit.
    if (!this.#allotment.isolate(run)) return
    run.isEnding = true
    const tree = {
      run: run.waiting.order.run,
      group: slot.group,
      hasEnded: () => run.end !== undefined,
      killGroup: () => slot.kill(),
      onGone: () => this.#settle(run)
    }
    this.#endings.end(tree, graceMs)
    this.#allotment.fill()
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
    const { slot, startedAt, startedMs, endedMs } = run
    if (run.end === undefined) slot.abandon()
    this.#followed.forget(run.waiting.order.run)
    // Before all else, for the slot's next task prints into the same pipes.
    for (const leave of run.output.finish()) this.#leavers.push(leave)
    this.#allotment.onEnded(run, endedMs - startedMs)
    this.#leftoverTimer ??= setTimeout(() => this.#sweep(), this.#init.leftoverMs)
    const verdict = verdictOf(run.end ?? { type: 'signal', signal: 'SIGKILL' })
    this.#gather(run, verdict, { startedAt, runtimeMs: Math.round(endedMs - startedMs) })
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
        const verdict = this.#refusalOf('the output of the task could not be kept', error)
        this.#report(number, verdict, times)
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
    let nextMs = Infinity
    this.#lookTimer = undefined
    for (const run of [...this.#allotment.runs.values()]) {
      const ageMs = now - run.startedMs
      if (ageMs >= LISTEN_MS) run.output.listen()
      if (ageMs >= LONG_MS) this.#allotment.isolate(run)
      // Those that wait for a slot have no age.
      else if (ageMs >= 0)
        nextMs = Math.min(nextMs, (ageMs < LISTEN_MS ? LISTEN_MS : LONG_MS) - ageMs)
    }
    this.#allotment.fill()
    if (nextMs < Infinity) this.#lookIn(Math.ceil(nextMs), now)
  }

  #sweep(): void {
    this.#leftoverTimer = undefined
    for (const leave of this.#leavers.splice(0)) leave()
    killProcesses((found) => isLeftover(found, this.#owner, (run) => this.#allotment.runs.has(run)))
  }
}

type ReadRequest = Extract<SpawnerRequest, { type: 'read' }>
type Times = Pick<RunResult, 'startedAt' | 'runtimeMs'>
