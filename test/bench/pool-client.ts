/**
 * One client of a pool as a process of its own; prints what it measured as one line of JSON.
 *
 *     node pool-client.ts embedded|network|piscina TASKS [ADDRESS..]
 */
import { pathToFileURL } from 'node:url'
import { Pool } from '../../src/index.ts'
import { noop } from './pool-functions.ts'

/** What of a pool is measured. */
interface Calls {
  one(x: number): Promise<number>
  map?(items: readonly number[]): Promise<readonly number[]>
  imap?(items: Iterable<number>): AsyncIterable<number>
  close(): Promise<void>
}

const ALONE = 500
const LAZY = 1_000_000

async function openPool(addresses: readonly string[]): Promise<Calls> {
  const isAlone = addresses.length === 0
  const network = { join: addresses, local: false, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
  const pool = await Pool.open(isAlone ? { processes: 2, local: true } : network)
  while (pool.slots < 2) await new Promise((resolve) => setTimeout(resolve, 10))
  return {
    one: (x) => pool.apply(noop, [x]),
    map: (items) => pool.map(noop, items),
    imap: (items) => pool.imap(noop, items, 1_000),
    close: async () => {
      pool.close()
      await pool.join()
    }
  }
}

/** `P2PJOBS_PEERS`: a folder with `npm/node_modules/piscina` in it. */
async function openPiscina(): Promise<Calls> {
  const path = `${process.env['P2PJOBS_PEERS'] ?? ''}/npm/node_modules/piscina/dist/main.js`
  const loaded = (await import(pathToFileURL(path).href)) as {
    default: new (options: object) => {
      run(x: number, options: object): Promise<number>
      destroy(): Promise<void>
    }
  }
  const filename = new URL('piscina-noop.mjs', import.meta.url).href
  const pool = new loaded.default({ filename, minThreads: 2, maxThreads: 2 })
  return { one: (x) => pool.run(x, { name: 'noop' }), close: () => pool.destroy() }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

async function measure(kind: string, tasks: number, addresses: string[]): Promise<object> {
  const since = performance.now()
  const calls = kind === 'piscina' ? await openPiscina() : await openPool(addresses)
  const openMs = performance.now() - since
  await calls.one(1)
  const firstMs = performance.now() - since
  const items = Array.from({ length: tasks }, (_, at) => at)
  // Both are warm after the first thousands, as a program that has work is.
  await Promise.all(items.slice(0, 5_000).map((x) => calls.one(x)))
  const oneByOneMs = await timed(() => Promise.all(items.map((x) => calls.one(x))))
  const mapMs = calls.map === undefined ? 0 : await timed(async () => calls.map?.(items))
  const alone: number[] = []
  for (let call = 0; call < ALONE; call++) alone.push(await timed(() => calls.one(call)))
  alone.sort((a, b) => a - b)
  const lazyMs = await timed(async () => {
    let sum = 0
    for await (const item of calls.imap?.(range(LAZY)) ?? []) sum += item
    if (calls.imap !== undefined && sum !== (LAZY * (LAZY - 1)) / 2) throw new Error('a wrong sum')
  })
  const peakMiB = process.resourceUsage().maxRSS / 1024
  await calls.close()
  return {
    ...{ openMs, firstMs, oneByOne: (tasks / oneByOneMs) * 1_000 },
    ...{ map: (tasks / mapMs) * 1_000, p50Ms: alone[ALONE / 2], p99Ms: alone[ALONE * 0.99] },
    ...{ lazy: (LAZY / lazyMs) * 1_000, peakMiB }
  }
}

function* range(count: number): Generator<number> {
  for (let item = 0; item < count; item++) yield item
}

const [kind = 'embedded', tasks = '20000', ...addresses] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await measure(kind, Number(tasks), addresses))}\n`)
