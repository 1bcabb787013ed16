/**
 * One program of the manager's benchmark, as a process of its own; `base_manager.py` is the same in
 * Python. Each line of its stdin is something to do, and each line of its stdout one of JSON.
 *
 *     P2PJOBS_TOKEN=... node --expose-gc manager-client.ts serve
 *     P2PJOBS_TOKEN=... node manager-client.ts master|slave|locker|waiter ADDRESS [FORM]
 */
import { createInterface } from 'node:readline'
import type { Manager as AnyManager } from '../../src/index.ts'
import { builtModule } from './dist.ts'
import { quantile } from './figures.ts'

const { Manager } = (await import(builtModule('index.js'))) as typeof import('../../src/index.ts')

/** `one`: each call is awaited, as in Python. `together`: many are. `many`: `putMany`, `getMany`. */
export type Form = 'one' | 'together' | 'many'
export type Role = 'serve' | 'master' | 'slave' | 'locker' | 'waiter'

/** Jobs that a slave has in its hands when it does not await each call. */
const IN_HAND = 64
/** What the master waits for at a time then. */
const TAKERS = 1_000
const LOOPBACK = { mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }

const [role, address = '', form = 'one'] = process.argv.slice(2) as [Role, string?, Form?]

function say(event: string, fields: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}

async function connect(): Promise<AnyManager> {
  return await Manager.connect('bench', { join: [address], ...LOOPBACK })
}

async function master(count: number): Promise<void> {
  const dispatched = manager.queue<number>('dispatched')
  const finished = manager.queue<number>('finished')
  const jobs = Array.from({ length: count }, (_, at) => at)
  const since = performance.now()
  const back: number[] = []
  if (form === 'one') {
    for (const job of jobs) await dispatched.put(job)
    while (back.length < count) back.push(await finished.get())
  } else if (form === 'together') {
    await Promise.all(jobs.map((job) => dispatched.put(job)))
    let wanted = count
    const take = async (): Promise<void> => {
      while (wanted-- > 0) back.push(await finished.get())
    }
    await Promise.all(Array.from({ length: TAKERS }, take))
  } else {
    await dispatched.putMany(jobs)
    while (back.length < count) back.push(...(await finished.getMany(count - back.length)))
  }
  const seconds = (performance.now() - since) / 1_000
  if (new Set(back).size !== count) throw new Error('jobs were lost, or came twice')
  say('done', { seconds })
}

async function slave(): Promise<void> {
  const dispatched = manager.queue<number>('dispatched')
  const finished = manager.queue<number>('finished')
  if (form === 'many') {
    while (true) await finished.putMany(await dispatched.getMany(IN_HAND))
  }
  const work = async (): Promise<void> => {
    for await (const job of dispatched) await finished.put(job)
  }
  await Promise.all(Array.from({ length: form === 'one' ? 1 : IN_HAND }, work))
}

async function locker(count: number): Promise<void> {
  const lock = manager.lock('lock')
  const spans: number[] = []
  for (let round = 0; round < count; round++) {
    const since = performance.now()
    const held = await lock.acquire()
    await held.release()
    spans.push(performance.now() - since)
  }
  say('done', { p50Ms: quantile(spans, 0.5), p99Ms: quantile(spans, 0.99) })
}

/** As many clients, each of which waits for what never comes. */
async function waiter(count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const queue = (await connect()).queue('never')
    await queue.qsize()
    queue.get().catch(() => undefined)
  }
  say('done')
}

const manager =
  role === 'serve' ? await Manager.start({ name: 'bench', ...LOOPBACK }) : await connect()
if (role === 'slave') void slave()
say('ready', { address: manager.addresses[0] })
const DOES: Partial<Record<Role, (count: number) => Promise<void>>> = { master, locker, waiter }
for await (const line of createInterface({ input: process.stdin })) {
  if (role === 'serve') {
    // Memory is counted when what is not needed any more is gone.
    globalThis.gc?.()
    say('done')
  } else await DOES[role]?.(Number(line))
}
process.exit(0)
