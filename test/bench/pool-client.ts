/**
 * One client of a pool as a process of its own; prints what it measured as one line of JSON.
 *
 *     node pool-client.ts TASKS LAZY_TASKS [ADDRESS..]     # no address: this machine alone
 */
import { untilSlots } from './calls.ts'
import { builtModule } from './dist.ts'
import { quantile } from './figures.ts'
import { JOBS } from './jobs.ts'

const ALONE = 500
const WARM = 5_000

async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

async function measure(tasks: number, lazyTasks: number, join: string[]): Promise<object> {
  const { Pool } = (await import(builtModule('index.js'))) as typeof import('../../src/index.ts')
  const network = { join, local: false, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
  const since = performance.now()
  const pool = await Pool.open(join.length === 0 ? { processes: 2, local: true } : network)
  await untilSlots(() => pool.slots, 2)
  const openMs = performance.now() - since
  const one = (x: number): Promise<number> => pool.apply(JOBS.noop, [x])
  await one(1)
  const firstMs = performance.now() - since
  const items = Array.from({ length: tasks }, (_, at) => at)
  // Warm after the first thousands, as a program that has work is.
  await Promise.all(items.slice(0, WARM).map(one))
  const oneByOneMs = await timed(() => Promise.all(items.map(one)))
  const mapMs = await timed(() => pool.map(JOBS.noop, items))
  const alone: number[] = []
  for (let call = 0; call < ALONE; call++) alone.push(await timed(() => one(call)))
  const lazyMs = await timed(async () => {
    let sum = 0
    for await (const item of pool.imap(JOBS.noop, range(lazyTasks), 1_000)) sum += item
    if (sum !== (lazyTasks * (lazyTasks - 1)) / 2) throw new Error('a wrong sum')
  })
  const peakMiB = process.resourceUsage().maxRSS / 1024
  pool.close()
  await pool.join()
  return {
    ...{ openMs, firstMs, oneByOne: (tasks / oneByOneMs) * 1_000, map: (tasks / mapMs) * 1_000 },
    ...{ p50Ms: quantile(alone, 0.5), p99Ms: quantile(alone, 0.99) },
    ...{ lazy: (lazyTasks / lazyMs) * 1_000, peakMiB }
  }
}

function* range(count: number): Generator<number> {
  for (let item = 0; item < count; item++) yield item
}

const [tasks = '20000', lazyTasks = '1000000', ...join] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await measure(Number(tasks), Number(lazyTasks), join))}\n`)
