/** A function executor in a folder of its own, with promises for the ends of its tasks. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FunctionRef, FunctionSpec } from '../../src/core/spec.ts'
import type { BlobId, Isolation, JobId, NodeId } from '../../src/core/types.ts'
import type { Executor, RunResult } from '../../src/exec/executor.ts'
import { createFunctionExecutor } from '../../src/exec/functions/function-executor.ts'
import type { FunctionExecutorInit } from '../../src/exec/functions/function-executor.ts'
import { decodeOutcomes, encodeCalls } from '../../src/values/calls.ts'
import type { CallOutcome } from '../../src/values/calls.ts'
import { decodeValue } from '../../src/values/decode.ts'
import { until } from './executors.ts'
import { contentOf } from './outputs.ts'

const MODULE = fileURLToPath(new URL('./task-functions.mjs', import.meta.url))

/** Why the sandbox cannot be tried here, or undefined. */
export const sandboxFault = ((): string | undefined => {
  const tried = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'])
  if (tried.error !== undefined) return tried.error.message
  return tried.status === 0 ? undefined : tried.stderr.toString().trim()
})()

/** Children start in a fraction of a second, several times as long on a busy machine. */
const TIMEOUT_MS = 60_000

/** Runs a suite for each isolation; what does not work here is skipped with its reason. */
export function forEachIsolation(
  title: string,
  suite: (isolation: 'none' | 'bwrap') => void
): void {
  for (const isolation of ['none', 'bwrap'] as const) {
    const fault = isolation === 'bwrap' ? sandboxFault : undefined
    const define = fault === undefined ? describe : describe.skip
    const skipped = fault === undefined ? '' : ` (skipped: ${fault})`
    define(`${title}, isolation ${isolation}${skipped}`, function () {
      this.timeout(TIMEOUT_MS)
      suite(isolation)
    })
  }
}

export interface FunctionOrder extends Partial<FunctionSpec> {
  readonly master?: string
  readonly job?: number
  readonly task?: number
  readonly attempt?: number
  /** The name of an exported function and its arguments. */
  readonly initialize?: readonly [name: string, ...args: unknown[]]
  /** Tasks with the same label share a spec, as those of a job do. */
  readonly label?: string
}

export interface FunctionEnd extends RunResult {
  /** What its calls came to; none if it was not run. */
  readonly outcomes: readonly CallOutcome[]
}

export interface StartedFunction {
  readonly run: number
  readonly end: Promise<FunctionEnd>
}

export class TestFunctions {
  readonly folder: string
  readonly work: string
  readonly bundle: BlobId
  readonly bundleFile: string
  readonly notices: string[] = []
  /** How many times it was told that the disk is full. */
  noSpace = 0
  readonly begun: number[] = []
  /** Streams of which it was told that there is more to read. */
  readonly printed: string[] = []
  readonly progress = new Map<number, unknown[]>()
  /** How many runs ended, of how many batches. */
  readonly ends: number[] = []
  /** Made by `open`. */
  executor!: Executor<FunctionSpec>
  readonly isolation: Isolation
  readonly #root = mkdtempSync(join(tmpdir(), 'p2pjobs-functions-'))
  readonly #specs = new Map<string, FunctionSpec>()
  readonly #waiting = new Map<number, (result: RunResult) => void>()
  #runs = 0

  private constructor(isolation: Isolation) {
    this.isolation = isolation
    this.folder = mkdtempSync(join(this.#root, 'folder-'))
    this.work = mkdtempSync(join(this.#root, 'work-'))
    this.bundle = createHash('sha256').update(readFileSync(MODULE)).digest('hex') as BlobId
    this.bundleFile = join(this.#root, this.bundle)
    copyFileSync(MODULE, this.bundleFile)
  }

  static async open(
    isolation: Isolation,
    init: Partial<FunctionExecutorInit> = {}
  ): Promise<TestFunctions> {
    const made = new TestFunctions(isolation)
    await made.reopen(init)
    return made
  }

  /** Makes another executor on the same folder. */
  async reopen(init: Partial<FunctionExecutorInit> = {}): Promise<void> {
    const { isolation, folder } = this
    const usual = { slots: 2, folder, isolation, requiresSandbox: false, graceMs: 200 }
    this.executor = await createFunctionExecutor(
      { ...usual, ...init },
      {
        onEnded: (ends) => {
          this.ends.push(ends.length)
          for (const { run, result } of ends) this.#settle(run, result)
        },
        onStarted: (runs) => this.begun.push(...runs),
        onProgress: (run, value) => {
          this.progress.set(run, [...(this.progress.get(run) ?? []), decodeValue(value)])
        },
        onPrinted: (run, stream) => this.printed.push(`${run} ${stream}`),
        onNotice: (text) => this.notices.push(text),
        onNoSpace: () => this.noSpace++
      }
    )
  }

  #settle(run: number, result: RunResult): void {
    const resolve = this.#waiting.get(run)
    if (resolve === undefined) throw new Error(`run ${run} ended twice or never began`)
    this.#waiting.delete(run)
    resolve(result)
  }

  /** Starts a task of one call. */
  start(name: string, args: readonly unknown[] = [], order: FunctionOrder = {}): StartedFunction {
    const [started] = this.startAll(name, [[args]], order)
    return started!
  }

  /** Starts tasks at once; each has a list of calls. */
  startAll(
    name: string,
    tasks: readonly (readonly (readonly unknown[])[])[],
    order: FunctionOrder = {}
  ): StartedFunction[] {
    return this.startBytes(
      name,
      tasks.map((calls) => encodeCalls(calls)),
      order
    )
  }

  /** Starts tasks whose arguments are given as bytes. */
  startBytes(name: string, inputs: readonly Uint8Array[], order: FunctionOrder): StartedFunction[] {
    const bundles = new Map([[this.bundle, this.bundleFile]])
    return this.#start(this.#specOf(name, order), inputs, order, bundles)
  }

  #start(
    spec: FunctionSpec,
    inputs: readonly Uint8Array[],
    order: FunctionOrder,
    bundles: ReadonlyMap<BlobId, string>
  ): StartedFunction[] {
    const started: StartedFunction[] = []
    const starts = inputs.map((input) => {
      const run = ++this.#runs
      const { promise, resolve } = Promise.withResolvers<RunResult>()
      this.#waiting.set(run, resolve)
      started.push({ run, end: promise.then((result) => endOf(result)) })
      const { master = 'master', job = 7, task = run, attempt = 1 } = order
      const ids = { run, master: master as NodeId, job: job as JobId, task, attempt }
      return { ...ids, spec, input, bundles }
    })
    this.executor.start(starts)
    return started
  }

  /** Runs a task of one call to its end. */
  async run(
    name: string,
    args: readonly unknown[] = [],
    order?: FunctionOrder
  ): Promise<FunctionEnd> {
    return await this.start(name, args, order).end
  }

  /** Runs a function of another bundle, without arguments. */
  async runBundle(
    { blob, file }: { blob: BlobId; file: string },
    exportName: string,
    order: FunctionOrder = {}
  ): Promise<FunctionEnd> {
    const fn = { bundle: { blob, bytes: 1 }, exportName }
    const spec = this.#specOf(exportName, { ...order, function: fn })
    return await this.#start(spec, [encodeCalls([[]])], order, new Map([[blob, file]]))[0]!.end
  }

  async runBytes(name: string, input: Uint8Array): Promise<FunctionEnd> {
    return await this.startBytes(name, [input], {})[0]!.end
  }

  /** What a task of one call returned. Throws if it failed. */
  async value(
    name: string,
    args: readonly unknown[] = [],
    order?: FunctionOrder
  ): Promise<unknown> {
    return valueOf(await this.run(name, args, order))
  }

  /** Waits until a running task has told that progress. */
  async told(run: number, value: unknown): Promise<void> {
    const has = (): boolean => this.progress.get(run)?.includes(value) === true
    await until(has, `run ${run} tells ${String(value)}`)
  }

  /** The pids of this executor's launcher, as the machine sees them. */
  launcherPids(): number[] {
    return pids((words) => words.includes('launcher-main') && words.includes(this.folder))
  }

  /** The pids of this executor's children, as the machine sees them. */
  childPids(): number[] {
    const all = pids((words) => words.includes('child-main') && !words.startsWith('bwrap'))
    return all.filter((pid) => this.#isOurs(pid))
  }

  async remove(): Promise<void> {
    await this.executor.close()
    rmSync(this.#root, { recursive: true, force: true })
  }

  #isOurs(pid: number): boolean {
    for (let at = pid; at > 1; at = parentOf(at)) if (wordsOf(at).includes(this.folder)) return true
    return false
  }

  #specOf(name: string, order: FunctionOrder): FunctionSpec {
    const known = order.label === undefined ? undefined : this.#specs.get(order.label)
    if (known !== undefined) return known
    const { initialize, label } = order
    const spec: FunctionSpec = {
      kind: 'function',
      function: order.function ?? this.ref(name),
      initializer: initialize && {
        ...this.ref(initialize[0]),
        input: encodeCalls([initialize.slice(1)])
      },
      tasksPerChildMax: order.tasksPerChildMax,
      isAlone: order.isAlone ?? false,
      memoryBytesMax: order.memoryBytesMax,
      timeoutMs: order.timeoutMs,
      outputBytesMax: order.outputBytesMax ?? 1024 * 1024 * 1024,
      slotsMax: undefined
    }
    if (label !== undefined) this.#specs.set(label, spec)
    return spec
  }

  ref(exportName: string): FunctionRef {
    return { bundle: { blob: this.bundle, bytes: 1 }, exportName }
  }
}

/** The value of the one call. */
export function valueOf(end: FunctionEnd): unknown {
  const [outcome] = end.outcomes
  if (end.outcome === 'success' && outcome?.ok === true) return outcome.value
  throw new Error(`the task did not succeed: ${end.outcome}, ${end.reason}`)
}

/** The error of the one call. */
export function errorOf(end: FunctionEnd): Error {
  const [outcome] = end.outcomes
  if (outcome?.ok === false) return outcome.error as Error
  throw new Error(`the task has no error: ${end.outcome}, ${end.reason}`)
}

/** A file of any code, as a bundle. */
export function bundleOf(folder: string, code: string): { blob: BlobId; file: string } {
  const blob = createHash('sha256').update(code).digest('hex') as BlobId
  const file = join(folder, blob)
  writeFileSync(file, code)
  return { blob, file }
}

function endOf(result: RunResult): FunctionEnd {
  const bytes = contentOf(result.value)
  return { ...result, outcomes: bytes.length === 0 ? [] : decodeOutcomes(bytes) }
}

function pids(matches: (words: string) => boolean): number[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return names.map(Number).filter((pid) => matches(wordsOf(pid)))
}

function wordsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}
