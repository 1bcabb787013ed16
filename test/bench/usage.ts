/**
 * What processes and their children have used, as Linux counts it in /proc.
 *
 * Only living children are seen; of those that ended, their parent has the CPU once it has waited
 * for them. Times are in ticks of 10 ms.
 */
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_S = 100

export interface Usage {
  /** Of all of them. */
  readonly cpuS: number
  /** Of the largest one. */
  readonly peakMiB: number
  readonly processes: number
}

/** What groups of processes have used, by the name of the group. */
export type Usages = Readonly<Record<string, Usage>>

/** Seconds of CPU in a line of /proc/PID/stat: of the process, and of children it waited for. */
export function parseStat(text: string): { readonly own: number; readonly children: number } {
  // The name before it may hold anything, also parentheses and spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return {
    own: ((user ?? NaN) + (system ?? NaN)) / TICKS_PER_S,
    children: ((childUser ?? NaN) + (childSystem ?? NaN)) / TICKS_PER_S
  }
}

/** Bytes of a line of /proc/PID/status, as `VmHWM`, in MiB; NaN if there is none. */
export function parseMemory(text: string, line: string): number {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(text)
  return Number(found?.[1] ?? NaN) / 1024
}

/** The groups themselves, and for each `children of` it. */
export function readUsages(groups: Readonly<Record<string, readonly number[]>>): Usages {
  const usages: Record<string, Usage> = {}
  for (const [name, pids] of Object.entries(groups)) {
    const ofGroup = pids.map(readProcess).filter((found) => found !== undefined)
    const below = pids.flatMap(descendantsOf).map(readProcess)
    const alive = below.filter((found) => found !== undefined)
    usages[name] = {
      cpuS: sum(ofGroup.map(({ own }) => own)),
      ...{ peakMiB: most(ofGroup), processes: ofGroup.length }
    }
    usages[`children of ${name}`] = {
      cpuS: sum([
        ...alive.map(({ own, children }) => own + children),
        ...ofGroup.map(({ children }) => children)
      ]),
      ...{ peakMiB: most(alive), processes: alive.length }
    }
  }
  return usages
}

/** What was used in between; the peaks are those of whole lives. */
export function usedBetween(before: Usages, after: Usages): Usages {
  return Object.fromEntries(
    Object.entries(after).map(([name, usage]) => {
      return [name, { ...usage, cpuS: usage.cpuS - (before[name]?.cpuS ?? 0) }]
    })
  )
}

export function cpuOf(usages: Usages): number {
  return sum(Object.values(usages).map(({ cpuS }) => cpuS))
}

/** All processes below one. */
export function descendantsOf(pid: number): number[] {
  const found = [pid]
  for (const each of found) found.push(...childrenOf(each))
  return found.slice(1)
}

export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      return text.split(' ').filter(Boolean).map(Number)
    })
  } catch {
    // It has ended.
    return []
  }
}

interface Process {
  readonly own: number
  readonly children: number
  readonly peakMiB: number
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return { ...parseStat(stat), peakMiB: parseMemory(status, 'VmHWM') }
  } catch {
    // It has ended.
    return undefined
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function most(processes: readonly Process[]): number {
  return Math.max(0, ...processes.map(({ peakMiB }) => peakMiB).filter((mib) => mib > 0))
}
