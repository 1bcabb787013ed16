/**
 * No-op commands per second in two slots, beside `xargs -P2` in the same run, one after the other
 * in each round. Whole processes, their start and end included.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAM } from '../support/program.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { timed } from './processes.ts'

const COMMAND = '/bin/true'
const EXECUTOR = fileURLToPath(new URL('executor-alone.ts', import.meta.url))
/** What xargs has to do to keep the outputs of each task apart, as p2pjobs does. */
const INTO_FILES = `${COMMAND} "$1" >"$1.stdout" 2>"$1.stderr"`

export async function measureShell(rounds: number, tasks: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
  const stdin = Array.from({ length: tasks }, (_, at) => `${at + 1}\n`).join('')
  const options = { stdin, cwd: folder, env: { P2PJOBS_HOME: join(folder, 'home') } }
  const node = process.execPath
  const systems: Readonly<Record<string, readonly [string, ...string[]]>> = {
    'xargs -P2': ['xargs', '-P2', '-n1', COMMAND],
    'p2pjobs run --local -j2': [node, PROGRAM, 'run', '--local', '-j2', COMMAND],
    'the executor alone': [node, EXECUTOR, String(tasks), COMMAND],
    'xargs -P2, outputs in files': ['xargs', '-P2', '-n1', '/bin/sh', '-c', INTO_FILES, 'sh']
  }
  const rates = new Map<string, number[]>(Object.keys(systems).map((name) => [name, []]))
  try {
    // The first round warms the caches of the system up.
    for (let round = 0; round <= rounds; round++) {
      for (const [name, [command, ...words]] of Object.entries(systems)) {
        const { seconds } = await timed(command, words, options)
        if (round > 0) rates.get(name)?.push(tasks / seconds)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return figuresOf(rates, tasks)
}

function figuresOf(rates: ReadonlyMap<string, number[]>, tasks: number): Figure[] {
  const bench = `shell, ${tasks} tasks`
  const [first = []] = rates.values()
  const figures: Figure[] = [...rates].map(([what, values]) => {
    return { bench, what, unit: 'tasks/s', values }
  })
  for (const [name, values] of [...rates].slice(1)) {
    const ratios = values.map((rate, round) => rate / (first[round] ?? NaN))
    figures.push({ bench, what: `${name} / xargs -P2`, unit: '', values: ratios })
  }
  return figures.filter(({ values }) => !Number.isNaN(median(values)))
}
