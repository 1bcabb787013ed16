/**
 * Serves two queues, fills one with jobs, and reads from the other what slaves have finished.
 *
 *     node examples/dispatch/master.ts 10 1000
 *
 * Ten jobs of a second each. Slaves come and go as they like, on any machine of the network. (A
 * network begins with a token: `p2pjobs node --master` makes one and prints it.)
 */
import { Manager } from 'p2pjobs'
import type { Job } from './job.ts'

const [count = 10, ms = 1_000] = process.argv.slice(2).map(Number)

await using manager = await Manager.start({ name: 'dispatch' })
const dispatched = manager.queue<Job>('dispatched')
const finished = manager.queue<Job>('finished')
console.log(`serving at ${manager.addresses.at(0)}`)

await dispatched.putMany(Array.from({ length: count }, (_, at) => ({ id: at + 1, ms })))
for (let left = count; left > 0; left--) {
  const { id, by } = await finished.get()
  console.log(`finished job ${id}: by ${by}`)
}
