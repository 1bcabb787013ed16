/**
 * Finds and ends processes that left their process group, by a cookie in their environment.
 *
 * A task can leave its group (`setsid`) and outlive its parents, but what it starts inherits its
 * environment. The cookie says `<owner>/<run>`: the spawner that started it and the caller's run,
 * or run 0 for a spawner's own shells. Linux only; elsewhere nothing is ever found.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'

/** The environment variable that holds the cookie. */
export const COOKIE_NAME = 'P2PJOBS_COOKIE'
/** The run of a spawner's own shells. */
export const SHELL_RUN = 0

/** Whether processes can be looked up here. */
export const canFindProcesses = existsSync('/proc/self/stat')

/** A living process; `owner` is empty without a cookie. */
export interface FoundProcess {
  readonly pid: number
  readonly group: number
  readonly owner: string
  readonly run: number
}

/** Names a living process for good, although its pid will be used again: `pid.start.namespace`. */
export function identityOf(pid: number): string {
  return `${pid}.${readStat(pid)?.start ?? '0'}.${pidNamespace()}`
}

/** True only if that process certainly does not live any more. */
export function isGone(identity: string): boolean {
  const [pid, start, namespace] = identity.split('.')
  // Another container numbers its processes anew: nothing can be said about them from here.
  if (!canFindProcesses || namespace !== pidNamespace()) return false
  const stat = readStat(Number(pid))
  return stat === undefined || stat.state === 'Z' || stat.start !== start
}

/** Every living process that this user may look at. Costs about 30 us for each on the machine. */
export function findProcesses(): FoundProcess[] {
  if (!canFindProcesses) return []
  const found: FoundProcess[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const stat = readStat(pid)
    if (stat === undefined || stat.state === 'Z') continue
    found.push({ pid, group: stat.group, ...readCookie(pid) })
  }
  return found
}

/** Kills what matches and whatever it forks meanwhile; a spawner's shell with its whole group. */
export function killProcesses(matches: (found: FoundProcess) => boolean): void {
  const killed = new Set<number>()
  for (;;) {
    const fresh = findProcesses().filter((found) => !killed.has(found.pid) && matches(found))
    if (fresh.length === 0) return
    for (const { pid, group, run } of fresh) {
      killed.add(pid)
      if (run === SHELL_RUN && group === pid) sendSignal(-pid, 'SIGKILL')
      sendSignal(pid, 'SIGKILL')
    }
  }
}

/** Signals a process, or with a negative number a group; false if there is none of ours. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    // Already gone (ESRCH), or given to another user by setuid (EPERM): nothing to be done here.
    return false
  }
}

function readStat(pid: number): { state: string; group: number; start: string } | undefined {
  const text = readProc(pid, 'stat')?.toString('latin1')
  if (text === undefined) return undefined
  // The name in parentheses may hold anything, parentheses too; what follows is plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', group: Number(fields[2]), start: fields[19] ?? '' }
}

const COOKIE_START = `${COOKIE_NAME}=`

function readCookie(pid: number): { owner: string; run: number } {
  const environment = `\0${readProc(pid, 'environ')?.toString('latin1') ?? ''}`
  const start = environment.indexOf(`\0${COOKIE_START}`)
  if (start < 0) return { owner: '', run: -1 }
  const valueStart = start + 1 + COOKIE_START.length
  const end = environment.indexOf('\0', valueStart)
  const [owner = '', run = '-1'] = environment
    .slice(valueStart, end < 0 ? undefined : end)
    .split('/')
  return { owner, run: Number(run) }
}

function readProc(pid: number, file: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`)
  } catch {
    // It ended while we looked, or belongs to somebody else.
    return undefined
  }
}

function pidNamespace(): string {
  return canFindProcesses ? readlinkSync('/proc/self/ns/pid').replace(/\D/g, '') : '0'
}

/** Lets this process end while a child of it runs: by then, nobody waits for that. */
export function leaveProcessAlone(child: ChildProcess): void {
  child.unref()
  child.channel?.unref()
  // Pipes of a child are sockets, whatever their types say.
  for (const pipe of child.stdio) (pipe as Socket | null | undefined)?.unref()
}
