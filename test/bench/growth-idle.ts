/**
 * What workers cost a master that has nothing for them: a master node as a process, and many
 * workers in a few other processes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { memoryMiB } from './processes.ts'
import { sizesUpTo } from './sizes.ts'
import { parseStat } from './usage.ts'

const BENCH = 'growth-idle'
const WORKERS = [100, 250, 500]
const PER_PROCESS = 100
const HOST = fileURLToPath(new URL('idle-workers.ts', import.meta.url))
/** Members ask each other less and less, at last once a minute; then twice what a worker without work does. */
const REST_MS = 60_000
const SPAN_MS = 40_000
const JOINED_WITHIN_MS = 120_000

export async function measureGrowthIdle(rounds: number, scale: number): Promise<Figure[]> {
  const figures = new Figures()
  const sizes = sizesUpTo(WORKERS, scale)
  for (let round = 0; round < rounds; round++) {
    await measureOnce(figures, sizes)
  }
  return figures.all
}

async function measureOnce(figures: Figures, sizes: readonly number[]): Promise<void> {
  const programs = new Programs()
  const hosts: LineProcess[] = []
  try {
    const { master, token, address } = await programs.master(['--slots', '0', '--jobs', '-'])
    await delay(REST_MS)
    const aloneMiB = memoryMiB(master.pid, 'VmRSS')
    let workers = 0
    for (const size of sizes) {
      while (workers < size) {
        const more = Math.min(PER_PROCESS, size - workers)
        const words = [HOST, address, String(workers), String(more)]
        const env = { ...process.env, P2PJOBS_TOKEN: token }
        const host = new LineProcess(spawn(process.execPath, words, { env, stdio: 'pipe' }))
        hosts.push(host)
        workers += more
        await host.line(/^joined$/, JOINED_WITHIN_MS)
      }
      await untilJoined(master, workers)
      const { cpuPercent, mib } = await watch(master.pid)
      const at = { value: size, unit: 'idle workers' }
      figures.add({ bench: BENCH, what: 'CPU of the master', unit: '% of a core', at }, cpuPercent)
      const kib = ((mib - aloneMiB) * 1_024) / size
      const what = 'memory at the master, each'
      figures.add({ bench: BENCH, what, unit: 'KiB', at }, kib)
      figures.add({ bench: BENCH, what: 'memory of the master', unit: 'MiB', at }, mib)
    }
  } finally {
    await Promise.all(hosts.map((host) => host.stop()))
    await programs.end()
  }
}

async function untilJoined(master: LineProcess, workers: number): Promise<void> {
  const name = `idle-${workers - 1}`
  await master.jsonLine(
    (line) => line['status'] === 'joined' && line['name'] === name,
    JOINED_WITHIN_MS
  )
}

async function watch(pid: number): Promise<{ cpuPercent: number; mib: number }> {
  await delay(REST_MS)
  const cpuS = (): number => parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).own
  const [before, since] = [cpuS(), performance.now()]
  await delay(SPAN_MS)
  const seconds = (performance.now() - since) / 1_000
  const cpuPercent = (100 * (cpuS() - before)) / seconds
  return { cpuPercent, mib: memoryMiB(pid, 'VmRSS') }
}
