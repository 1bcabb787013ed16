/**
 * The files that went into a bundle, and whether they are still what they were.
 *
 * One's own files are looked at each time a function is submitted (1 us each), installed packages
 * once a second. A file that was written about when it was read may have been written after it
 * was read, within the clock's grain: such a bundle counts as changed until it is made again.
 */
import { statSync } from 'node:fs'
import { PACKAGES_LOOK_MS } from '../core/limits.ts'
import type { Millis } from '../core/types.ts'

/** How coarse the clock of file times may be. */
const GRAIN_MS = 20

interface Input {
  readonly path: string
  readonly stamp: string
}

/** True for files of installed packages. */
export function isPackaged(path: string): boolean {
  return /(?:^|[/\\])node_modules[/\\]/.test(path)
}

export class Inputs {
  readonly #own: readonly Input[]
  readonly #packaged: readonly Input[]
  readonly #isSettled: boolean
  #packagesLookedAt: Millis

  /** `readAt`: the wall clock when reading began; `now`: the monotonic clock. */
  constructor(paths: readonly string[], readAt: number, now: Millis) {
    const inputs = paths.map((path) => ({ path, stamp: stampOf(path) }))
    this.#own = inputs.filter(({ path }) => !isPackaged(path))
    this.#packaged = inputs.filter(({ path }) => isPackaged(path))
    this.#isSettled = !paths.some((path) => isWrittenWhile(path, readAt))
    this.#packagesLookedAt = now
  }

  /** True if a bundle of these files made now would be the same. */
  isUnchanged(now: Millis): boolean {
    if (!this.#isSettled || !this.#own.every(isSame)) return false
    if (now - this.#packagesLookedAt < PACKAGES_LOOK_MS) return true
    this.#packagesLookedAt = now
    return this.#packaged.every(isSame)
  }
}

function isSame({ path, stamp }: Input): boolean {
  return stampOf(path) === stamp
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 'none'
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`
}

function isWrittenWhile(path: string, readAt: number): boolean {
  const writtenAt = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0
  return writtenAt > readAt - GRAIN_MS && writtenAt < Date.now() + GRAIN_MS
}
