/** Processes that write journals (`journal-child.ts`), and small disks for them. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LineProcess } from './line-process.ts'

const CHILD = fileURLToPath(new URL('journal-child.ts', import.meta.url))

export type ChildMode = 'commit' | 'hold' | 'prune' | 'limit' | 'asked'

export function journalChild(mode: ChildMode, path: string): LineProcess {
  return new LineProcess(spawn(process.execPath, [CHILD, mode, path], { stdio: 'pipe' }))
}

/** A disk of its own, in memory. */
export class SmallDisk {
  readonly path: string

  constructor(mebibytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'p2pjobs-disk-'))
    const words = ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'p2pjobs-test', this.path]
    const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`mount: ${stderr}`)
  }

  remove(): void {
    spawnSync('umount', [this.path])
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
