/**
 * Whether the disk of a node's own folder is full. Found out by who cannot write there; from then on
 * it is looked for space again and again, so that nobody has to tell the node that there is some.
 */
import { rm, statfs, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { spareOfDisk } from '../core/budget.ts'
import { isNoSpace } from '../core/errors.ts'
import type { Millis } from '../core/types.ts'

const LOOK_MS = 2_000
/** A share of a disk that is used up does not show in what is free: it takes a file to see. */
const PROBE_BYTES = 1024 * 1024

export interface DiskState {
  /** A folder on it. */
  readonly folder: string
  readonly isFull: boolean
}

export interface DiskWatchInit {
  /** An existing folder on the disk. */
  readonly folder: string
  readonly onChanged: (isFull: boolean) => void
}

/** What it does with the disk and with time: tests have their own. */
export interface DiskTools {
  hasSpace(folder: string): Promise<boolean>
  /** Resolves after so long, or when it is aborted; does not keep the process alive. */
  sleep(ms: Millis, signal: AbortSignal): Promise<void>
}

const realTools: DiskTools = {
  hasSpace,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { ref: false, signal }).catch(() => undefined)
  }
}

/** What a person is told of the disk of a node, each time. */
export function diskLine({ folder, isFull }: DiskState, isDurable: boolean): string {
  if (!isFull) return `the disk of ${folder} has space again: the work of this node goes on`
  const how = isDurable ? ', or forget jobs that have ended (`p2pjobs forget`)' : ''
  return `the disk of ${folder} is full: the work of this node waits for space; make room on it${how}`
}

export class DiskWatch {
  readonly #init: DiskWatchInit
  readonly #tools: DiskTools
  readonly #stopping = new AbortController()
  #isFull = false

  constructor(init: DiskWatchInit, tools = realTools) {
    this.#init = init
    this.#tools = tools
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Something there went wrong; whether for want of space, its error says. */
  note(error: unknown): void {
    if (isNoSpace(error)) this.noteFull()
  }

  /** Something could not be written there for want of space. */
  noteFull(): void {
    if (this.#isFull || this.#stopping.signal.aborted) return
    this.#isFull = true
    this.#init.onChanged(true)
    void this.#awaitSpace()
  }

  /** Tells nothing any more. */
  stop(): void {
    this.#stopping.abort()
  }

  async #awaitSpace(): Promise<void> {
    const { signal } = this.#stopping
    const { folder, onChanged } = this.#init
    let isFull = true
    while (isFull) {
      await this.#tools.sleep(LOOK_MS, signal)
      if (!signal.aborted) isFull = !(await this.#tools.hasSpace(folder))
      if (signal.aborted) return
    }
    this.#isFull = false
    onChanged(false)
  }
}

/** Also false for a disk that does not answer. */
async function hasSpace(folder: string): Promise<boolean> {
  const probe = join(folder, `.space-${process.pid}`)
  try {
    const { bavail, blocks, bsize, files, ffree } = await statfs(folder)
    // Twice as much: what could not be written has made room for others, and comes again.
    if (bavail * bsize < 2 * spareOfDisk(blocks * bsize)) return false
    // Some file systems do not count files.
    if (files > 0 && ffree === 0) return false
    // Random, for file systems that would compress zeros to nothing.
    await writeFile(probe, randomBytes(PROBE_BYTES), { flush: true, mode: 0o600 })
    return true
  } catch {
    return false
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}
