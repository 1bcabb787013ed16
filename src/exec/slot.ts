/**
 * Room for one task at a time: a persistent shell, made when it is first needed and replaced when
 * it has died.
 *
 * While a script runs, the next may already be with the shell, so that the shell need not wait for
 * this process: that is worth a fifth of the rate of short tasks. A script begins with making its
 * claim, a file that must not exist yet. Whoever makes that file first decides: the shell, and the
 * script has begun, or this process, and it never will.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs'
import { HelperShell } from './helper-shell.ts'
import type { HelperShellInit } from './helper-shell.ts'
import type { ShellEnd } from './verdict.ts'

export interface Script {
  readonly text: Uint8Array
  /** The file that it makes first of all. */
  readonly claim: string
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

/** A shell and what it was given, in order. */
interface Line<Each> {
  readonly helper: HelperShell
  readonly scripts: Each[]
  /** Those that fail when their turn comes, and about which nobody wants to know. */
  readonly revoked: Set<Each>
}

export class Slot<Each extends Script> {
  readonly #init: HelperShellInit
  readonly #events: SlotEvents<Each>
  #line: Line<Each> | undefined

  constructor(init: HelperShellInit, events: SlotEvents<Each>) {
    this.#init = init
    this.#events = events
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
    const script = this.#line?.scripts[1]
    return script === undefined || this.#line?.revoked.has(script) === true ? undefined : script
  }

  /** Whether another script can be given to the shell while one runs. */
  get hasRoomForNext(): boolean {
    return this.#line?.helper.isUsable === true && this.#line.scripts.length === 1
  }

  /** Runs a script, or lets it wait behind the one that runs. */
  run(script: Each): void {
    if (this.#line?.helper.isUsable !== true) this.#line = this.#newLine()
    const { helper, scripts } = this.#line
    helper.run(script.text)
    if (scripts.push(script) === 1) this.#events.onBegun(script)
  }

  /** Takes `next` back; false if there is none, or if it has begun by now. */
  takeBackNext(): boolean {
    const { next } = this
    if (next === undefined || !makeClaim(next)) return false
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
    if (ended === undefined) return
    if (revoked.delete(ended)) unlinkSync(ended.claim)
    else this.#events.onEnd(ended, end)
  }

  #onDeath({ scripts, revoked }: Line<Each>, end: ShellEnd): void {
    for (const [place, script] of scripts.splice(0).entries()) {
      // The one in front may not have come to its claim; it was meant to run, and counts as run.
      if (revoked.delete(script)) unlinkSync(script.claim)
      else if (place === 0 || !makeClaim(script)) this.#events.onEnd(script, end)
      else {
        unlinkSync(script.claim)
        this.#events.onLost(script)
      }
    }
  }
}

/** False if the shell of the script was faster. */
function makeClaim({ claim }: Script): boolean {
  try {
    closeSync(openSync(claim, 'wx', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
