/**
 * Whether anything grows: the memory of `run` while it is fed many short tasks on its stdin.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROGRAM } from '../support/program.ts'
import type { Figure } from './figures.ts'
import { memoryMiB, timed } from './processes.ts'
import { childrenOf } from './usage.ts'

const BENCH = 'memory'
const MARKS = [0.1, 0.5, 0.95]

export async function measureMemory(tasks: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
  const marks = MARKS.map((part) => Math.round(tasks * part))
  const figures: Figure[] = []
  const tell = (what: string, unit: string, value: number): void => {
    figures.push({ bench: BENCH, what, unit, values: [value] })
  }
  let printed = 0
  const onStdout = (chunk: Buffer, pid: number): void => {
    for (const byte of chunk) if (byte === 0x0a) printed++
    while (printed >= (marks[0] ?? Infinity)) {
      const mark = (marks.shift() ?? 0).toLocaleString('en')
      tell(`run, after ${mark} tasks`, 'MiB', memoryMiB(pid, 'VmRSS'))
      for (const child of childrenOf(pid)) {
        tell(`its helper, after ${mark} tasks`, 'MiB', memoryMiB(child, 'VmRSS'))
      }
      if (marks.length === 0) tell('run, at most', 'MiB', memoryMiB(pid, 'VmHWM'))
    }
  }
  try {
    const stdin = Array.from({ length: tasks }, (_, at) => `${at + 1}\n`).join('')
    const words = [PROGRAM, 'run', '--local', '-j2', '/bin/echo']
    const env = { P2PJOBS_HOME: folder }
    const { seconds } = await timed(process.execPath, words, { stdin, env, onStdout })
    if (printed !== tasks) throw new Error(`${printed} results of ${tasks} tasks`)
    tell(`${tasks.toLocaleString('en')} tasks of /bin/echo`, 'tasks/s', tasks / seconds)
  } finally {
    rmSync(folder, { recursive: true })
  }
  return figures
}
