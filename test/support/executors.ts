/** A shell executor in a folder of its own, with promises for the ends of its tasks. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobId, NodeId } from '../../src/core/types.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import { createShellExecutor, isInline } from '../../src/exec/executor.ts'
import type {
  Executor,
  ExecutorEvents,
  Output,
  RunResult,
  ShellExecutorInit
} from '../../src/exec/executor.ts'
import { until } from './until.ts'

export { until }

/** True for a process that exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Waits for a file with a whole line in it, and gives its words as numbers. */
export async function numbersIn(path: string): Promise<number[]> {
  await until(
    () => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'),
    `${path} is written`
  )
  return readFileSync(path, 'utf8').trim().split(/\s+/).map(Number)
}

/** Output that was small enough to be handed over as bytes. */
export function bytesOf(output: Output): Buffer {
  if (isInline(output)) return Buffer.from(output)
  throw new Error('the output is too large for a message')
}

export function textOf(output: Output): string {
  return bytesOf(output).toString()
}

/** For an executor whose tasks nobody waits for. */
export const NO_EVENTS: ExecutorEvents = {
  onStarted: () => undefined,
  onEnded: () => undefined,
  onProgress: () => undefined,
  onPrinted: () => undefined,
  onNotice: () => undefined,
  onNoSpace: () => undefined
}

export interface Order extends Partial<ShellSpec> {
  readonly input?: string | Uint8Array
  readonly task?: number
  readonly attempt?: number
}

export class TestExecutor {
  readonly folder: string
  readonly work: string
  readonly notices: string[] = []
  /** How many times it was told that the disk is full. */
  noSpace = 0
  /** Runs that waited, and of which it was told that they run. */
  readonly begun: number[] = []
  /** Streams of which it was told that there is more to read. */
  readonly printed: string[] = []
  /** Made by `open`. */
  executor!: Executor<ShellSpec>
  #root = mkdtempSync(join(tmpdir(), 'p2pjobs-exec-'))
  #runs = 0
  #waiting = new Map<number, (result: RunResult) => void>()

  private constructor() {
    this.folder = mkdtempSync(join(this.#root, 'folder-'))
    this.work = mkdtempSync(join(this.#root, 'work-'))
  }

  static async open(init: Partial<ShellExecutorInit> = {}): Promise<TestExecutor> {
    const made = new TestExecutor()
    await made.reopen(init)
    return made
  }

  /** Makes another executor on the same folder. */
  async reopen(init: Partial<ShellExecutorInit> = {}): Promise<void> {
    this.executor = await createShellExecutor(
      { slots: 2, folder: this.folder, ...init },
      {
        onEnded: (ends) => {
          for (const { run, result } of ends) {
            const resolve = this.#waiting.get(run)
            if (resolve === undefined) throw new Error(`run ${run} ended twice or never began`)
            this.#waiting.delete(run)
            resolve(result)
          }
        },
        onStarted: (runs) => this.begun.push(...runs),
        onProgress: () => undefined,
        onPrinted: (run, stream) => this.printed.push(`${run} ${stream}`),
        onNotice: (text) => this.notices.push(text),
        onNoSpace: () => this.noSpace++
      }
    )
  }

  /** Starts a task; without an `input` the command is the whole command line. */
  start(command: string, order: Order = {}): { run: number; end: Promise<RunResult> } {
    const { input, task = 1, attempt = 1, ...spec } = order
    const run = ++this.#runs
    const { promise: end, resolve } = Promise.withResolvers<RunResult>()
    this.#waiting.set(run, resolve)
    this.executor.start([
      {
        run,
        master: 'master' as NodeId,
        bundles: new Map(),
        job: 7 as JobId,
        task,
        attempt,
        input: Buffer.from(input ?? command),
        spec: {
          kind: 'shell',
          command: input === undefined ? '' : command,
          directory: this.work,
          environment: {},
          timeoutMs: undefined,
          outputBytesMax: 1024 * 1024 * 1024,
          slotsMax: undefined,
          ...spec
        }
      }
    ])
    return { run, end }
  }

  /** Runs a task to its end. */
  run(command: string, order: Order = {}): Promise<RunResult> {
    return this.start(command, order).end
  }

  /** The pids of this executor's spawner, for whoever wants to kill it. */
  spawnerPids(): number[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map(Number).filter((pid) => {
      try {
        const isSpawner = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('spawner-main')
        return isSpawner && openFiles(pid).some((path) => path.startsWith(this.folder))
      } catch {
        return false
      }
    })
  }

  /** Makes a file that tasks wait for. */
  open(gate: string): void {
    writeFileSync(gate, '')
  }

  async remove(): Promise<void> {
    await this.executor.close()
    rmSync(this.#root, { recursive: true, force: true })
  }
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`))
}
