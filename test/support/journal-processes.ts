/** Processes that write journals (`journal-child.ts`), and small disks for them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LineProcess } from './line-process.ts'

const CHILD = fileURLToPath(new URL('journal-child.ts', import.meta.url))
const CHUNK_BYTES = 64 * 1024

export type ChildMode = 'commit' | 'hold' | 'prune' | 'limit' | 'asked'

export function journalChild(mode: ChildMode, path: string): LineProcess {
  return new LineProcess(spawn(process.execPath, [CHILD, mode, path], { stdio: 'pipe' }))
}

/** A disk of its own, in memory. */
export class SmallDisk {
  readonly path: string

  constructor(mebibytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'p2pjobs-disk-'))
    const words = ['-t', 'tmpfs', '-o', `mode=700,size=${mebibytes}m`, 'p2pjobs-test', this.path]
    const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`mount: ${stderr}`)
  }

  /** Leaves no space on it. */
  fill(): void {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let at = 0; ; at++) {
      try {
        writeFileSync(this.#filler(at), chunk)
      } catch {
        return
      }
    }
  }

  makeRoom(): void {
    for (let at = 0; existsSync(this.#filler(at)); at++) rmSync(this.#filler(at))
  }

  #filler(at: number): string {
    return join(this.path, `filler-${at}`)
  }

  remove(): void {
    // What was killed with a file open on it keeps nobody waiting.
    spawnSync('umount', ['-l', this.path])
    rmSync(this.path, { recursive: true })
  }
}

/** For a mocha `before`: skips the whole suite, saying why, where no disk can be mounted. */
export function skipWithoutDisk(context: Mocha.Context): void {
  try {
    new SmallDisk(1).remove()
  } catch (error) {
    console.error(`skipped: a small disk needs root (${String(error)})`)
    context.skip()
  }
}
