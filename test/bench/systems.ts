/**
 * The ways in which p2pjobs runs functions, each behind the same two calls.
 */
import { untilSlots } from './calls.ts'
import type { Calls } from './calls.ts'
import { builtModule } from './dist.ts'
import { openDurable } from './durable-system.ts'
import { JOBS } from './jobs.ts'

export const SYSTEMS = ['embedded', 'network', 'durable'] as const
/**
 * `embedded`: a pool with two processes of its own. `network`: a pool whose workers are nodes.
 * `durable`: a durable master, with nodes as workers.
 */
export type System = (typeof SYSTEMS)[number]

const SLOTS = 2
const REST_MS = 200

/**
 * Opens it, with a process for every slot running, as the workers of peers are when they are asked.
 * `workers`: addresses of nodes with a slot each.
 */
export async function openSystem(system: System, workers: readonly string[]): Promise<Calls> {
  const calls = await open(system, workers)
  const slots = system === 'embedded' ? SLOTS : workers.length
  await Promise.all(Array.from({ length: 2 * slots }, () => calls.one('rest', REST_MS)))
  return calls
}

async function open(system: System, workers: readonly string[]): Promise<Calls> {
  if (system === 'durable') return await openDurable(workers)
  const { Pool } = (await import(builtModule('index.js'))) as typeof import('../../src/index.ts')
  const network = { join: workers, local: false, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
  const isAlone = system === 'embedded'
  const pool = await Pool.open(isAlone ? { processes: SLOTS, local: true } : network)
  await untilSlots(() => pool.slots, isAlone ? SLOTS : workers.length)
  return {
    one: (name, argument) => pool.apply(JOBS[name] as (x: unknown) => unknown, [argument]),
    close: async () => {
      pool.close()
      await pool.join()
    }
  }
}
