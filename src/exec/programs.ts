/**
 * Which words name a program.
 *
 * A missing one is reported by the shell that looks for it, with its line number: that must be
 * left to a fresh shell. Answers are kept for a second.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

const KEEP_MS = 1_000
const KEPT_MAX = 256

export class Programs {
  readonly #folders: readonly string[]
  readonly #known = new Map<string, { isProgram: boolean; until: number }>()

  /** @param path the PATH that tasks see */
  constructor(path: string | undefined) {
    const folders = path?.split(':') ?? []
    // A relative folder depends on where a task runs: leave all names to its shell.
    this.#folders = folders.every((folder) => isAbsolute(folder)) ? folders : []
  }

  /** `now` is any monotonic clock, in milliseconds. */
  isProgram(word: string, now: number): boolean {
    const known = this.#known.get(word)
    if (known !== undefined && now < known.until) return known.isProgram
    if (this.#known.size >= KEPT_MAX) this.#known.clear()
    const isProgram = this.#lookUp(word)
    this.#known.set(word, { isProgram, until: now + KEEP_MS })
    return isProgram
  }

  #lookUp(word: string): boolean {
    if (word.includes('/')) return isAbsolute(word) && isExecutable(word)
    return this.#folders.some((folder) => isExecutable(join(folder, word)))
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
