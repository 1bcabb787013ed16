/**
 * Looks at the memory of children that have a limit, and of what they started, ten times a second.
 *
 * V8's own limit covers only its heap; buffers and native memory are seen here. Linux only.
 */
import { readFileSync } from 'node:fs'

const LOOK_MS = 100
const KIB = 1024

export class MemoryWatch {
  readonly #onTooMuch: (pid: number) => void
  readonly #limits = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param onTooMuch called for the process that was added, whichever of its own was too large */
  constructor(onTooMuch: (pid: number) => void) {
    this.#onTooMuch = onTooMuch
  }

  add(pid: number, bytesMax: number): void {
    this.#limits.set(pid, bytesMax)
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
  }

  remove(pid: number): void {
    this.#limits.delete(pid)
    if (this.#limits.size === 0) this.stop()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    for (const [pid, bytesMax] of this.#limits) {
      if (largest(pid) > bytesMax) this.#onTooMuch(pid)
    }
  }
}

/** The resident memory of the largest process of a tree, in bytes. */
function largest(pid: number): number {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? '0'
  const children = readProc(pid, `task/${pid}/children`)
    .split(' ')
    .filter((word) => word !== '')
  return Math.max(Number(resident) * KIB, ...children.map((child) => largest(Number(child))))
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}
