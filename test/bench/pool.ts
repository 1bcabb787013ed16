/**
 * No-op functions: on this machine's cores, on two worker nodes over loopback, and beside piscina
 * (threads in the client's own process) where `P2PJOBS_PEERS` says where that is installed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { config, Programs } from '../support/program.ts'
import type { Figure } from './figures.ts'

const CLIENT = fileURLToPath(new URL('pool-client.ts', import.meta.url))
const UNITS: Readonly<Record<string, readonly [what: string, unit: string]>> = {
  openMs: ['Pool.open', 'ms'],
  firstMs: ['Pool.open to the first result', 'ms'],
  oneByOne: ['calls submitted one by one', 'calls/s'],
  map: ['items of map, default chunks', 'items/s'],
  p50Ms: ['one call alone, p50', 'ms'],
  p99Ms: ['one call alone, p99', 'ms'],
  lazy: ['items of imap, chunks of 1,000, 1,000,000 items', 'items/s'],
  peakMiB: ['peak memory of the client', 'MiB']
}

export async function measurePool(rounds: number, tasks: number): Promise<Figure[]> {
  const programs = new Programs()
  const values = new Map<string, number[]>()
  try {
    const home = programs.home()
    const network = await programs.master(['--slots', '0'])
    const full = await programs.run(['token', '--full'], { home: network.home })
    for (const name of ['one', 'two']) await programs.worker(network, name, ['--slots', '1'])
    const addresses = await addressesOf(programs, network.home, network.address)
    const env = { P2PJOBS_HOME: home, P2PJOBS_TOKEN: full.stdout.trim() }
    for (let round = 0; round < rounds; round++) {
      for (const [kind, more] of clients(addresses)) {
        const figures = await run([kind, String(tasks), ...more], env)
        for (const [name, value] of Object.entries(figures)) {
          const key = `${kind} ${name}`
          values.set(key, [...(values.get(key) ?? []), value])
        }
      }
    }
  } finally {
    await programs.end()
  }
  return [...values].flatMap(([key, list]) => {
    const [kind = '', name = ''] = key.split(' ')
    const [what, unit] = UNITS[name] ?? [name, '']
    const isMissing = list.every((value) => !Number.isFinite(value) || value > 1e9)
    return isMissing ? [] : [{ bench: 'pool', what: `${kind}: ${what}`, unit, values: list }]
  })
}

function clients(addresses: readonly string[]): [string, readonly string[]][] {
  const own: [string, readonly string[]][] = [
    ['embedded', []],
    ['network', addresses]
  ]
  const peers = process.env['P2PJOBS_PEERS'] ?? ''
  return existsSync(`${peers}/npm/node_modules/piscina`) ? [...own, ['piscina', []]] : own
}

async function addressesOf(programs: Programs, home: string, join: string): Promise<string[]> {
  const words = ['members', '--json', '--config', config('loopback.json'), '--join', join]
  const { stdout } = await programs.run(words, { home })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { isWorker: boolean; peer: string; addresses: string[] })
    .filter(({ isWorker }) => isWorker)
    .map(({ addresses, peer }) => `${(addresses[0] ?? '').replace(/\/p2p\/.*/, '')}/p2p/${peer}`)
}

async function run(args: string[], env: object): Promise<Record<string, number>> {
  const child = spawn(process.execPath, [CLIENT, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  await once(child, 'close')
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>
}
