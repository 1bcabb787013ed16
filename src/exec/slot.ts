/**
 * Room for one task at a time: a persistent shell, made when it is first needed and replaced when
 * it has died.
 *
 * While a script runs, the next may already be with the shell, so that the shell need not wait for
 * this process: that is worth a fifth of the rate of short tasks. A script begins with taking a
 * permit, one line, out of a pipe. Whoever takes it decides: the shell, and the script has begun,
 * or this process, and it never will.
 */
import { writeSync } from 'node:fs'
import { openBothEnds, readNow } from './fifo.ts'
import { HelperShell } from './helper-shell.ts'
import type { HelperShellInit } from './helper-shell.ts'
import { PipePair } from './pipe-pair.ts'
import type { ShellEnd } from './verdict.ts'

export interface Script {
  /** It begins with reading a permit, and does nothing without one. */
  readonly text: Uint8Array
}

/** In the end, one of `onEnd` and `onLost` is called for each script. */
export interface SlotEvents<Each extends Script> {
  /** Nothing is ahead of it any more. */
  onBegun(script: Each): void
  /** Its command has ended, or its shell has died under it. */
  onEnd(script: Each, end: ShellEnd): void
  /** It has not begun, and it will not: it was taken back, or its shell has died before. */
  onLost(script: Each): void
}

export interface SlotInit extends HelperShellInit {
  /** Named pipes for what tasks print: of two tasks, one may wait behind the other. */
  readonly outputs: readonly { readonly stdout: string; readonly stderr: string }[]
}

/** A shell and what it was given, in order. */
interface Line<Each> {
  readonly helper: HelperShell
  readonly scripts: Each[]
  /** Those that will do nothing when their turn comes, and about which nobody wants to know. */
  readonly revoked: Set<Each>
}

const PERMIT = Buffer.from('\n')
const NO_PERMIT = 'no\n'

export class Slot<Each extends Script> {
  readonly #init: SlotInit
  readonly #events: SlotEvents<Each>
  readonly #permits: number
  readonly #pairs: readonly PipePair[]
  #line: Line<Each> | undefined

  constructor(init: SlotInit, events: SlotEvents<Each>) {
    this.#init = init
    this.#events = events
    this.#permits = openBothEnds(init.permits)
    this.#pairs = init.outputs.map((paths) => new PipePair(paths))
  }

  /** The process group of the task that runs here, and the pid of the shell that leads it. */
  get group(): number | undefined {
    return this.#line?.helper.group
  }

  /** Whether everything it was given has ended. */
  get isIdle(): boolean {
    const line = this.#line
    return line === undefined || line.scripts.every((script) => line.revoked.has(script))
  }

  /** The script that waits behind the one that runs. */
  get next(): Each | undefined {
    const line = this.#line
    const [first, second] = line?.scripts ?? []
    if (line === undefined || first === undefined || second === undefined) return undefined
    return line.revoked.has(first) || line.revoked.has(second) ? undefined : second
  }

  /** Whether another script can be given to the shell while one runs. */
  get hasRoomForNext(): boolean {
    return this.#line?.helper.isUsable === true && this.#line.scripts.length === 1
  }

  /** Pipes that no task has; there are some whenever a script can be given. */
  freePair(): PipePair {
    const pair = this.#pairs.find(({ isFree }) => isFree)
    if (pair === undefined) throw new Error('bug in p2pjobs: a slot has more tasks than pipes')
    return pair
  }

  /** Runs a script, or lets it wait behind the one that runs. */
  run(script: Each): void {
    if (this.#line?.helper.isUsable !== true) this.#line = this.#newLine()
    const { helper, scripts } = this.#line
    writeSync(this.#permits, PERMIT)
    helper.run(script.text)
    if (scripts.push(script) === 1) this.#events.onBegun(script)
  }

  /** Takes `next` back; false if there is none, or if it has begun by now. */
  takeBackNext(): boolean {
    const { next } = this
    if (next === undefined || readNow(this.#permits, new Uint8Array(1)) === undefined) return false
    writeSync(this.#permits, NO_PERMIT)
    this.#line?.revoked.add(next)
    this.#events.onLost(next)
    return true
  }

  /** Kills the shell with its whole group. */
  kill(): void {
    this.#line?.helper.kill()
  }

  /** Leaves a shell alone that cannot be killed. */
  abandon(): void {
    this.#line = undefined
  }

  #newLine(): Line<Each> {
    this.#takePermits()
    const helper = new HelperShell(this.#init, {
      onStatus: (end) => this.#onStatus(line, end),
      onDeath: (end) => this.#onDeath(line, end)
    })
    const line: Line<Each> = { helper, scripts: [], revoked: new Set() }
    return line
  }

  #onStatus({ scripts, revoked }: Line<Each>, end: ShellEnd): void {
    const ended = scripts.shift()
    const next = scripts[0]
    if (next !== undefined && !revoked.has(next)) this.#events.onBegun(next)
    if (ended !== undefined && !revoked.delete(ended)) this.#events.onEnd(ended, end)
  }

  #onDeath(line: Line<Each>, end: ShellEnd): void {
    const scripts = line.scripts.splice(0)
    const begun = scripts.length - (line === this.#line ? this.#takePermits() : 0)
    let isFirst = true
    for (const [place, script] of scripts.entries()) {
      if (line.revoked.delete(script)) continue
      // The first may not have taken its permit; it was meant to run, and counts as run.
      if (isFirst || place < begun) this.#events.onEnd(script, end)
      else this.#events.onLost(script)
      isFirst = false
    }
  }

  /** Takes all permits that nobody has used, and says how many there were. */
  #takePermits(): number {
    const bytes = new Uint8Array(64)
    const read = readNow(this.#permits, bytes) ?? 0
    return Buffer.from(bytes.subarray(0, read)).toString().replaceAll(NO_PERMIT, '').length
  }
}
