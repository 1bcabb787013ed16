/**
 * Takes jobs of the master until that ends. A slave that dies loses nothing: the job in its hands
 * is back in the queue once its lease is over.
 *
 *     node examples/dispatch/slave.ts
 *
 * Where multicast does not work, the address that the master prints is its argument.
 */
import { setTimeout } from 'node:timers/promises'
import { Manager, P2pJobsError } from 'p2pjobs'
import type { Job } from './job.ts'

const by = `slave ${process.pid}`

await using manager = await Manager.connect('dispatch', { join: process.argv.slice(2) })
const dispatched = manager.queue<Job>('dispatched')
const finished = manager.queue<Job>('finished')
try {
  while (true) {
    const job = await dispatched.get({ lease: true })
    console.log(`run job ${job.value.id}`)
    await setTimeout(job.value.ms)
    // Both at once: a slave that dies has done both or neither.
    await Promise.all([finished.put({ ...job.value, by }), job.ack()])
  }
} catch (error) {
  if (!(error instanceof P2pJobsError && error.code === 'MANAGER_GONE')) throw error
}
