/**
 * Modules of tasks in a folder of their own, and a process of its own that runs what became of
 * them: nothing of their folder is in reach of it but the bundle.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Bundle } from '../../src/bundle/bundler.ts'

const RUN_MS_MAX = 20_000

/** What the other process does: its arguments are the bundle, the export and the arguments. */
const SCRIPT = `
const [path, name, input] = process.argv.slice(2)
let answer
try {
  const exported = await import(path)
  globalThis[Symbol.for('p2pjobs.context')] = { attempt: 7 }
  answer = { value: await exported[name](...JSON.parse(input)) }
} catch (error) {
  answer = { error: { name: error.name, message: error.message, code: error.code, stack: error.stack } }
}
console.log(JSON.stringify(answer))
`

/** How a call of a bundled function went. */
export interface Answer {
  readonly value?: unknown
  readonly error?: { name: string; message: string; code?: string; stack: string }
}

export class TaskModules {
  /** The folder of the modules, by its real path. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'p2pjobs-modules-')))
  readonly #elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'p2pjobs-bundles-')))

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  /** Calls the bundled function in another process. */
  async run({ blob, bytes, exportName }: Bundle, ...input: readonly unknown[]): Promise<Answer> {
    const path = join(this.#elsewhere, `${blob}.mjs`)
    writeFileSync(path, bytes)
    const runner = join(this.#elsewhere, 'runner.mjs')
    writeFileSync(runner, SCRIPT)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--enable-source-maps', runner, path, exportName, JSON.stringify(input)],
      { cwd: this.#elsewhere, timeout: RUN_MS_MAX }
    )
    return JSON.parse(stdout) as Answer
  }

  remove(): void {
    for (const folder of [this.folder, this.#elsewhere]) rmSync(folder, { recursive: true })
  }
}
