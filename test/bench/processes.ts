/**
 * Whole processes, measured from outside.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseMemory } from './usage.ts'

/** Nothing that is measured takes so long: something is lost, or hangs. */
const LIMIT_MS = 30 * 60_000

export interface Timed {
  readonly seconds: number
  readonly stdout: Buffer
}

export interface TimedOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Called with the process and with each chunk it prints. */
  readonly onStdout?: (chunk: Buffer, pid: number) => void
  /** Called with the process ten times a second. */
  readonly onTick?: (pid: number) => void
}

/** Runs a command to its end, which has to be a good one. Its outputs come through pipes. */
export async function timed(
  command: string,
  words: readonly string[],
  { stdin = '', env, cwd, onStdout, onTick }: TimedOptions = {}
): Promise<Timed> {
  const startedAt = performance.now()
  const child = spawn(command, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    if (onStdout === undefined) out.push(chunk)
    else onStdout(chunk, child.pid ?? 0)
  })
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', (error) => err.push(Buffer.from(String(error))))
  child.stdin.end(stdin)
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const ticks = onTick && setInterval(() => onTick(child.pid ?? 0), 100)
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const status = await promise.finally(() => {
    clearTimeout(limit)
    clearInterval(ticks)
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (status === 0) return { seconds, stdout: Buffer.concat(out) }
  const said = Buffer.concat([...err, ...out.slice(-1)])
    .toString()
    .trim()
  throw new Error(`${command} ${words.join(' ')}: exit status ${status ?? 'none'}: ${said}`)
}

/** Runs a module with this same Node; what its last line of output says in JSON. */
export async function timedModule<Said>(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<Said> {
  const { stdout } = await timed(process.execPath, words, { env })
  return JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '') as Said
}

/** A line of /proc/PID/status in MiB, as `VmRSS` or `VmHWM`; Linux only. */
export function memoryMiB(pid: number, line: string): number {
  return parseMemory(readFileSync(`/proc/${pid}/status`, 'latin1'), line)
}
