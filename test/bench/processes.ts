/**
 * Whole processes, measured from outside.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

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
}

/** Runs a command to its end, which has to be a good one. Its outputs come through pipes. */
export async function timed(
  command: string,
  words: readonly string[],
  { stdin = '', env, cwd, onStdout }: TimedOptions = {}
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
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const status = await promise
  const seconds = (performance.now() - startedAt) / 1000
  if (status === 0) return { seconds, stdout: Buffer.concat(out) }
  const said = Buffer.concat(err).toString().trim()
  throw new Error(`${command} ${words.join(' ')}: exit status ${status ?? 'none'}: ${said}`)
}

/** A line of /proc/PID/status in MiB, as `VmRSS` or `VmHWM`; Linux only. */
export function memoryMiB(pid: number, line: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1')
  const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(text)
  return Number(found?.[1] ?? NaN) / 1024
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return text.split(' ').filter(Boolean).map(Number)
}
