/**
 * The built program as processes: each with a home of its own, all ended and removed afterwards.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LineProcess } from './line-process.ts'
import type { Ending } from './line-process.ts'

export const PROGRAM = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))
const CONFIGS = fileURLToPath(new URL('../../configs/', import.meta.url))
const GONE_MS = 15_000

/** A ready node configuration, as a flag's value. */
export function config(name: string): string {
  return join(CONFIGS, name)
}

export interface Finished extends Ending {
  readonly stdout: string
  readonly stderr: string
}

/** Listens on a free port of loopback only, and finds nobody by itself. */
export const LOOPBACK: readonly string[] = ['--config', config('loopback.json')]

export interface ProgramOptions {
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string | Uint8Array
  /** Words for Node itself. */
  readonly nodeWords?: readonly string[]
}

/** What a test starts; `end` leaves nothing behind. */
export class Programs {
  readonly #folders: string[] = []
  readonly #started: LineProcess[] = []

  /** A new home that belongs to no network. */
  home(): string {
    return this.folder()
  }

  /** An empty folder. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-e2e-'))
    this.#folders.push(folder)
    return folder
  }

  /** Starts the program. */
  start(words: readonly string[], options: ProgramOptions = {}): LineProcess {
    const child = spawn(process.execPath, [...(options.nodeWords ?? []), PROGRAM, ...words], {
      cwd: options.cwd,
      env: { ...process.env, P2PJOBS_HOME: options.home ?? this.home(), ...options.env },
      stdio: 'pipe'
    })
    const started = new LineProcess(child)
    this.#started.push(started)
    if (options.stdin !== undefined) child.stdin.end(options.stdin)
    return started
  }

  /** Runs the program to its end. */
  async run(words: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
    const started = this.start(words, { stdin: '', ...options })
    const chunks: Buffer[] = []
    started.child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ending = await started.ended
    return { ...ending, stdout: Buffer.concat(chunks).toString(), stderr: started.stderr }
  }

  /** Starts the first master of a new network on loopback. */
  async master(words: readonly string[] = [], options: ProgramOptions = {}): Promise<TestNetwork> {
    const home = this.home()
    const flags = ['--master', '--json', ...LOOPBACK, ...words]
    const master = this.start(['node', ...flags], { ...options, home })
    const network = await master.jsonLine(({ event }) => event === 'network')
    return { home, master, token: String(network['token']), address: await addressOf(master) }
  }

  /** Starts a worker of that network, and waits until it is a member. */
  async worker(
    { token, address }: Pick<TestNetwork, 'token' | 'address'>,
    name: string,
    words: readonly string[] = [],
    env: Readonly<Record<string, string>> = {}
  ): Promise<LineProcess> {
    const flags = ['--json', '--name', name, ...LOOPBACK]
    const worker = this.start(['node', ...flags, '--join', address, ...words], {
      env: { P2PJOBS_TOKEN: token, ...env }
    })
    await worker.jsonLine(({ event, status }) => event === 'member' && status === 'alive')
    return worker
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map((started) => started.stop()))
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** Where a node that was started with `--json` listens. */
export async function addressOf(node: LineProcess): Promise<string> {
  const { addresses } = await node.jsonLine(({ event }) => event === 'node')
  return String((addresses as unknown[])[0])
}

export interface TestNetwork {
  readonly home: string
  readonly master: LineProcess
  readonly token: string
  readonly address: string
}

/** The folders for themselves that programs with this home have, or have left behind. */
export function scratchOf(home: string): string[] {
  return readdirSync(join(home, 'scratch', encodeURIComponent(hostname())))
}

/** Resolves when no process has this text in its words or environment; rejects when some stay. */
export async function noProcessWith(text: string): Promise<void> {
  const until = performance.now() + GONE_MS
  for (let left = processesWith(text); left.length > 0; left = processesWith(text)) {
    if (performance.now() > until) throw new Error(`still running: ${left.join(', ')}`)
    await delay(50)
  }
}

/** The ids of the processes that have this text in their words or environment. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return ['environ', 'cmdline'].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text)
      )
    } catch {
      // It has ended, or is somebody else's.
      return false
    }
  })
}
