/**
 * Room for one task at a time: a persistent shell, made when it is first needed and replaced when
 * it has died.
 */
import { HelperShell } from './helper-shell.ts'
import type { HelperShellInit } from './helper-shell.ts'
import type { ShellEnd } from './verdict.ts'

export class Slot {
  readonly #init: HelperShellInit
  #helper: HelperShell | undefined
  #onEnd: ((end: ShellEnd) => void) | undefined

  constructor(init: HelperShellInit) {
    this.#init = init
  }

  /** The process group of the task that runs here, and the pid of the shell that leads it. */
  get group(): number | undefined {
    return this.#helper?.group
  }

  /** Runs a script; `onEnd` is called once, when its command has ended or the shell has died. */
  run(script: Uint8Array, onEnd: (end: ShellEnd) => void): void {
    this.#onEnd = onEnd
    if (this.#helper?.isUsable !== true) this.#helper = this.#newHelper()
    this.#helper.run(script)
  }

  /** Kills the shell with its whole group. */
  kill(): void {
    this.#helper?.kill()
  }

  #newHelper(): HelperShell {
    const helper: HelperShell = new HelperShell(this.#init, {
      onStatus: (end) => this.#end(helper, end),
      onDeath: (end) => this.#end(helper, end)
    })
    return helper
  }

  #end(helper: HelperShell, end: ShellEnd): void {
    // The late death of a shell that has been replaced says nothing about the task that runs now.
    if (helper !== this.#helper) return
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.(end)
  }
}
